import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';

/** RFC 9110, section 9.2.2: what may be sent a second time without asking. An order with its key is as safe as they are. */
const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

const failureSchema = z.object({ cause: z.object({ code: z.string() }) });
const closedCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** A reload closes all idle connections at once, and a request that is sent again may meet the next of them. */
const mostResent = 4;

/**
 * `fetch` for a server that closes idle connections while the next request is on its way, as nginx does at every
 * reload. RFC 9112, section 9.3.1: such a request may be sent again on another connection if it is idempotent.
 *
 * @throws whatever `fetch` throws: TypeError without an answer, TimeoutError from the signal
 */
export async function resendingFetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
  for (let resent = 0; ; resent += 1) {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (resent === mostResent || !isIdempotent(init) || !isClosedConnection(error)) throw error;
    }
    // By then the other connections that were closed are known as such.
    await nextTurn();
  }
}

function isIdempotent({ method = 'GET', headers }: RequestInit): boolean {
  return idempotentMethods.has(method) || new Headers(headers).has('idempotency-key');
}

/** Whether a failed `fetch` says that its connection was ended by the other side: undici's name for it, or the kernel's. */
export function isClosedConnection(error: unknown): boolean {
  const failure = failureSchema.safeParse(error);
  return failure.success && closedCodes.has(failure.data.cause.code);
}
