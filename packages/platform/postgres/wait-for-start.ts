import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../logging/logger.js';

/** How long a process that starts waits for its database, which may be starting itself. */
const startDeadlineMs = 60_000;
const startPollMs = 20;

/**
 * Waits until nothing is missing any more.
 *
 * @param missing why the database cannot be used, or undefined when it can
 * @throws Error that says what was missing at last
 */
export async function waitForStart(
  missing: () => string | undefined | Promise<string | undefined>,
  logger: Logger,
  { deadlineMs = startDeadlineMs, pollMs = startPollMs } = {},
): Promise<void> {
  const sinceMs = performance.now();
  let refusal = await missing();
  if (refusal !== undefined) logger.info({ refusal }, 'waiting for a database that takes writes');
  while (refusal !== undefined) {
    if (performance.now() - sinceMs > deadlineMs)
      throw new Error(`No database took writes for ${deadlineMs} ms: ${refusal}`);
    await delay(pollMs);
    refusal = await missing();
  }
}
