/** A request on its way; times are milliseconds from the begin of the measured part. */
export interface TimedRequest {
  readonly number: number;
  readonly kind: number;
  readonly client: number;
  /** From 0 up to 1: which path and body. */
  readonly choice: number;
  /** When the schedule wanted it to be sent. A closed loop wants it at once. */
  readonly dueMs: number;
  /** When the load tester took it up: later than due only when it was late itself. */
  readonly takenUpMs: number;
  /** When it was written to a connection; NaN before. */
  sentMs: number;
  /** It has been sent on another connection before, which was closed without a byte of an answer. */
  isRetry: boolean;
}

/** How a request can end without an answer. */
export type LossKind =
  /** No connection could be opened. */
  | 'connect'
  /** The connection ended before the whole answer was there. */
  | 'lost'
  | 'timeout'
  /** All connections were busy until the time was over. */
  | 'not-sent'
  /** What came is no answer that could be read. */
  | 'unreadable';
