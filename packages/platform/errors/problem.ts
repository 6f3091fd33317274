import { errorCodes, type ErrorCode } from './codes.js';

/** One invalid field: `field` is its path in the request (`items.0.quantity`, `header Idempotency-Key`). */
export interface FieldError {
  field: string;
  message: string;
}

/** The body of every error answer: RFC 9457 problem details, with Tristate's stable `code`. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail?: string;
  errors?: readonly FieldError[];
}

/** Where a part of the shop is away for a moment. */
const defaultRetryAfterMs = 1_000;

interface ProblemOptions {
  errors?: readonly FieldError[];
  cause?: unknown;
  /** When it is worth while to try again. */
  retryAfterMs?: number;
}

/**
 * An error that a caller may see. Thrown at the edge (controllers, guards, pipes), where a use case's returned
 * refusal becomes an answer; never used to carry an expected outcome between use cases.
 */
export class Problem extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, detail?: string, options: ProblemOptions = {}) {
    super(detail ?? errorCodes[code].title, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.errors = options.errors;
    this.retryAfterMs = options.retryAfterMs ?? (this.httpStatus === 503 ? defaultRetryAfterMs : undefined);
  }

  get httpStatus(): number {
    return errorCodes[this.code].http;
  }

  toDetails(): ProblemDetails {
    const { http, title } = errorCodes[this.code];
    return {
      type: `urn:tristate:problem:${this.code}`,
      title,
      status: http,
      code: this.code,
      ...(this.message === title ? {} : { detail: this.message }),
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }
}
