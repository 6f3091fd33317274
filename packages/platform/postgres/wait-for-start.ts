import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../errors/problem.js';
import type { Logger } from '../logging/logger.js';
import { isConnectionFailure, sqlState, sqlStateOf } from './sql.js';

/**
 * How long a process that starts waits for its database, which may be starting itself. Less than a pod is given for its start, so
 * that it says what was missing.
 */
const startDeadlineMs = 150_000;
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

/** How soon a step of a start is tried again. */
const againMs = 500;

/**
 * Does a step of a start again while the database cannot be reached: a machine on which everything starts at once may let nobody in
 * for a while, and a process that ended for that would begin anew and be one more that starts.
 *
 * @throws what the step has thrown, when that is something else, or at the deadline
 */
export async function untilReachable<T>(
  step: () => Promise<T>,
  logger: Logger,
  { deadlineMs = startDeadlineMs, pollMs = againMs } = {},
): Promise<T> {
  for (const sinceMs = performance.now(); ;) {
    try {
      return await step();
    } catch (error) {
      if (!isUnreachable(error) || performance.now() - sinceMs > deadlineMs) throw error;
      logger.warn({ err: error }, 'the database cannot be reached; trying again');
      await delay(pollMs);
    }
  }
}

/** What pg says of a connection that was not made, or broke, carries no SQLSTATE. */
const brokenConnection = /timeout|terminated|ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/;

function isUnreachable(error: unknown): boolean {
  if (error instanceof Problem) return error.code === 'no-primary' || error.code === 'upstream-unavailable';
  const state = sqlStateOf(error);
  // Read-only: it is a primary no more.
  if (state !== undefined) return isConnectionFailure(state) || state === sqlState.readOnlyTransaction;
  return error instanceof Error && brokenConnection.test(error.message);
}
