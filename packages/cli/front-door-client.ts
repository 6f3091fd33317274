import { z } from 'zod';

/** An answer of the front door, or the third state: no answer that says what happened. */
export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown; readonly servedBy: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 15_000;

/** Answers that come from in front of the service and leave open whether it did the work. */
const openStatuses = new Set([502, 503, 504]);

/** Calls the shop through its front door. */
export class FrontDoorClient {
  constructor(readonly url: string) {}

  async call({ method, path, token, body, headers, timeoutMs = defaultTimeoutMs }: Call): Promise<Answer> {
    try {
      const response = await fetch(new URL(path, this.url), {
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
      if (openStatuses.has(response.status))
        return { kind: 'unknown', reason: `${response.status} ${servedBy}` };
      return { kind: 'answer', status: response.status, body: parseJson(text), servedBy };
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

const problemSchema = z.object({
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
