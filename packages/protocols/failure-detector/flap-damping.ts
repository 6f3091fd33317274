/** Deaths that are further back do not count. */
const windowMs = 60_000;
/** So many deaths in the window are an accident; from the next on a member has to show that it lives. */
const forgiven = 1;
const firstSteadyMs = 1_000;
const longestSteadyMs = 30_000;

/**
 * Remembers who has died, so that a process which dies again and again is not sent requests each time it comes up: the time for
 * which it has to live first doubles with each death, and is forgotten after a while (the idea of route flap damping, RFC 2439).
 */
export class Deaths {
  private readonly atMs = new Map<string, number[]>();

  constructor(private readonly intervalMs: number) {}

  note(name: string, atMs: number): void {
    for (const other of this.atMs.keys()) if (this.recent(other, atMs).length === 0) this.atMs.delete(other);
    this.atMs.set(name, [...this.recent(name, atMs), atMs].slice(-mostRemembered));
  }

  /** How long a member has to beat without a break before it is used; 0 for one that has a good name. */
  steadyMs(name: string, nowMs: number): number {
    const excess = this.recent(name, nowMs).length - forgiven;
    if (excess <= 0) return 0;
    return Math.min(longestSteadyMs, Math.max(firstSteadyMs, this.intervalMs) * 2 ** (excess - 1));
  }

  private recent(name: string, nowMs: number): number[] {
    return (this.atMs.get(name) ?? []).filter((atMs) => nowMs - atMs < windowMs);
  }
}

const mostRemembered = 8;
