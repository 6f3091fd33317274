/** A turn of the event loop that begins so late has others waiting before it. */
export const targetMs = 50;
/** A burst is over by then. */
export const intervalMs = 500;

/**
 * Tells a standing queue from a burst, by CoDel's rule: not the size of a queue is bad but that its delay never falls below a
 * target during a whole interval (Nichols and Jacobson, "Controlling Queue Delay", ACM Queue 10(5), 2012; for servers
 * instead of networks: Maurer, "Fail at Scale", ACM Queue 13(8), 2015).
 */
export class StandingDelay {
  private aboveSinceMs: number | undefined;

  note(delayMs: number, nowMs: number): void {
    if (delayMs < targetMs) this.aboveSinceMs = undefined;
    else this.aboveSinceMs ??= nowMs - delayMs;
  }

  stands(nowMs: number): boolean {
    return this.aboveSinceMs !== undefined && nowMs - this.aboveSinceMs >= intervalMs;
  }
}
