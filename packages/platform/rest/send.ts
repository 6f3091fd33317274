import { z } from 'zod';

export interface RestRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** With its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export type Attempt = {
  /** HOST:PORT of the copy that was asked. */
  readonly address: string;
  /** The X-Session of the answer. */
  readonly session?: string;
} & (
  | { readonly end: 'answered'; readonly status: number; readonly body: unknown }
  /** Nobody can have got it. */
  | { readonly end: 'unreached' }
  | { readonly end: 'unanswered' }
);

/** How undici and the system say that there was never a connection. */
const unreachedCodes = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const failureSchema = z.object({ cause: z.object({ code: z.string() }) });

/** Sends one request to one copy. It never throws: no answer is one of the ends that a call has. */
export async function send(
  address: string,
  { method, path, body }: RestRequest,
  { headers, endsAtMs }: { readonly headers: Readonly<Record<string, string>>; readonly endsAtMs: number },
): Promise<Attempt> {
  const leftMs = Math.floor(endsAtMs - Date.now());
  if (leftMs <= 0) return { end: 'unreached', address };
  const request: RequestInit = {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'error',
    signal: AbortSignal.timeout(leftMs),
  };
  try {
    const answer = await fetch(`http://${address}${path}`, request);
    const session = answer.headers.get('X-Session');
    const content: unknown = await answer.json();
    return {
      end: 'answered',
      address,
      status: answer.status,
      body: content,
      ...(session === null ? {} : { session }),
    };
  } catch (error) {
    const failure = failureSchema.safeParse(error);
    const isUnreached = failure.success && unreachedCodes.has(failure.data.cause.code);
    return { end: isUnreached ? 'unreached' : 'unanswered', address };
  }
}

/** What is refused, also for overload, is an answer; a copy that fails inside has said nothing. */
export function hasAnswered(attempt: Attempt): boolean {
  return attempt.end === 'answered' && attempt.status < 500;
}
