import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';

export interface ResendableRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** RFC 9110, section 9.2.2: what may be sent a second time without asking. An order with its key is as safe as they are. */
const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** How undici, and the kernel, call a connection that the other side has ended. */
const closedCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const failureSchema = z.object({ cause: z.object({ code: z.string() }) });

/** A reload closes all idle connections at once, and a request that is sent again may meet the next of them. */
const mostResent = 4;

/**
 * `fetch` over HTTP for a server that closes idle connections while the next request is on its way, as nginx does at every reload. What
 * is idempotent is sent again on another connection then (RFC 9112, section 9.3.1); what is not gets a connection of its own from the
 * start, which cannot have been idle. Redirects are not followed.
 *
 * @throws Error without an answer; TimeoutError, or whatever the signal's reason is
 */
export async function resendingFetch(url: string | URL, request: ResendableRequest = {}): Promise<Response> {
  if (!isIdempotent(request)) return fetchApart(url, request);
  for (let resent = 0; ; resent += 1) {
    try {
      return await fetch(url, { ...request, redirect: 'manual' });
    } catch (error) {
      if (resent === mostResent || !isClosedConnection(error)) throw error;
    }
    // By then the other connections that were closed are known as such.
    await nextTurn();
  }
}

async function fetchApart(
  url: string | URL,
  { method, headers, body, signal }: ResendableRequest,
): Promise<Response> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const request = httpRequest(url, {
    agent: false,
    headers: { ...headers, ...length },
    ...(method !== undefined && { method }),
    ...(signal !== undefined && { signal }),
  });
  request.end(body);
  try {
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const content = await buffer(answer);
    const answered = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    return new Response(content.length === 0 ? null : new Uint8Array(content), {
      headers: answered,
      ...(answer.statusCode !== undefined && { status: answer.statusCode }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

function isIdempotent({ method = 'GET', headers }: ResendableRequest): boolean {
  return idempotentMethods.has(method) || new Headers(headers).has('idempotency-key');
}

function isClosedConnection(error: unknown): boolean {
  const failure = failureSchema.safeParse(error);
  return failure.success && closedCodes.has(failure.data.cause.code);
}
