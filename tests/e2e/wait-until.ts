import { setTimeout as delay } from 'node:timers/promises';

const POLL_INTERVAL_MS = 50;

/**
 * Asks until the answer is something else than undefined, and returns it. The deadline is what fails a test,
 * never the time that passed: `what` then says what did not happen, and `state` what was seen last.
 */
export async function waitUntil<Result>(
  what: string,
  deadlineMs: number,
  ask: () => Promise<Result | undefined> | Result | undefined,
  state: () => string = () => '',
): Promise<Result> {
  const endsAt = performance.now() + deadlineMs;
  for (;;) {
    const result = await ask();
    if (result !== undefined) return result;
    if (performance.now() > endsAt)
      throw new Error(`${what} did not happen within ${deadlineMs} ms. ${state()}`);
    await delay(POLL_INTERVAL_MS);
  }
}
