import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { headerNamed, type HttpConnection } from './http-connection.js';
import type { ObservedAccount } from './observed-account.js';

const readFromHeader = headerNamed('x-read-from');
const balanceSchema = z.object({ balanceMinor: z.number() });
const betweenReadsMs = 5;

interface Wanted {
  readonly account: ObservedAccount;
  readonly servers: readonly string[];
  /** When the last write was acknowledged. */
  readonly sinceMs: number;
  readonly timeoutMs: number;
}

/**
 * Reads eventually until each of the servers has shown the account's last version. Returns how long after the last
 * acknowledgement that was, for the last of them; undefined when not all have in time.
 */
export async function measureConvergence(
  connection: HttpConnection,
  { account, servers, sinceMs, timeoutMs }: Wanted,
): Promise<number | undefined> {
  const missing = new Set(servers);
  const deadline = performance.now() + timeoutMs;
  const headers = { Authorization: `Bearer ${account.token}`, 'X-Consistency': 'eventual' };
  while (performance.now() < deadline) {
    const outcome = await connection.request({ method: 'GET', path: `/api/accounts/${account.id}`, headers });
    if (outcome.kind === 'response' && outcome.status === 200) {
      const { balanceMinor } = balanceSchema.parse(JSON.parse(outcome.body));
      const isNewest = account.versionOf(balanceMinor) >= account.version;
      if (isNewest) missing.delete(readFromHeader(outcome.head) ?? '');
      if (missing.size === 0) return performance.now() - sinceMs;
    }
    await delay(betweenReadsMs);
  }
  return undefined;
}
