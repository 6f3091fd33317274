import { Failure } from '../failure.js';
import { waitFor } from '../wait-for.js';

const lookPauseMs = 50;

/** What a check has found. @throws Failure that begins with the time and goes on with `failure` when it found nothing */
export async function watchedUntil<T>(
  failure: string,
  timeoutMs: number,
  check: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const found = await waitFor(check, { timeoutMs, intervalMs: lookPauseMs });
  if (found === undefined) throw new Failure(`Within ${timeoutMs / 1000} s ${failure}.`);
  return found;
}
