import { z } from 'zod';
import { resendingFetch } from '#platform/http/resending-fetch.js';
import type { ErrorCode } from '#platform/errors/codes.js';

/** An answer of the front door, or the third state: no answer that says what happened. */
export type Answer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: unknown;
      readonly servedBy: string;
      /** What a refusal asks for after which nothing was done. */
      readonly retryAfterMs?: number;
      /** To be sent with the next request, so that it shows what this one did or saw. */
      readonly session?: string;
    }
  | {
      readonly kind: 'unknown';
      readonly reason: string;
      /** Of the problem that a service has answered with 503 or 504, for example no-primary. */
      readonly code?: string;
    };

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 15_000;

/** Answers that come from in front of the service and leave open whether it did the work. */
const openStatuses = new Set([502, 503, 504]);

/** Codes that say that the shop has too much to do and has done nothing. */
const notTaken: ReadonlySet<string> = new Set<ErrorCode>(['too-many-orders', 'overloaded']);

/** Calls the shop through its front door. */
export class FrontDoorClient {
  constructor(readonly url: string) {}

  async call({ method, path, token, body, headers, timeoutMs = defaultTimeoutMs }: Call): Promise<Answer> {
    try {
      const response = await resendingFetch(new URL(path, this.url), {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      const servedBy = response.headers.get('x-served-by') ?? '';
      const { status } = response;
      const session = response.headers.get('x-session');
      const answer = {
        kind: 'answer',
        status,
        body: parseJson(text),
        servedBy,
        ...(session !== null && { session }),
      } as const;
      const problem = problemSchema.safeParse(answer.body);
      const code = problem.success ? { code: problem.data.code } : {};
      if (code.code !== undefined && notTaken.has(code.code)) {
        const retryAfterSeconds = Number(response.headers.get('retry-after'));
        return { ...answer, retryAfterMs: retryAfterSeconds * 1000 };
      }
      return openStatuses.has(status)
        ? { kind: 'unknown', reason: `${status} ${servedBy}`, ...code }
        : answer;
    } catch (error) {
      return { kind: 'unknown', reason: reasonOf(error) };
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

export const problemSchema = z.object({
  code: z.string(),
  title: z.string().optional(),
  detail: z.string().optional(),
});

/** One line about an answer that was not expected. */
export function describeAnswer(answer: Answer): string {
  if (answer.kind === 'unknown') return `no answer (${answer.reason})`;
  const problem = problemSchema.safeParse(answer.body);
  if (!problem.success) return `status ${answer.status}`;
  const { code, title, detail } = problem.data;
  return `${answer.status} ${code}: ${detail ?? title ?? ''}`;
}
