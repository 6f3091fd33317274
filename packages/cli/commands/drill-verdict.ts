import type { ControlClient, Verdict } from '../control-client.js';
import { Failure } from '../failure.js';

const settleMs = 15_000;

/** The books after a drill; undefined when the shop is in no state to count. */
export async function judge(control: ControlClient): Promise<Verdict | undefined> {
  try {
    return await control.invariants(settleMs);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
