/** What the front door gives a copy that is under pressure, of what it gives one that is not. */
const shareUnderPressure = 1 / 6;
/**
 * What a process takes on however slow it is, of what it takes on at best. More than a nearly closed door lets through, also when one copy gets more
 * of it than the other: so the front door is who refuses, which it does at once.
 */
const leastShare = 1 / 4;
/** What it gives each copy where no copy can say that it is under pressure: little enough for a queue, and enough for a burst. */
const shareUntold = 1 / 3;

/** Pressure is over when so long nobody was held back. Much longer than a burst takes. */
export const calmMs = 5_000;

/** How it is with one kind of work now. */
interface KindOfWork {
  readonly underWay: number;
  /** How much of it is taken on now. */
  readonly limit: number;
  /** How much of it is taken on at best. */
  readonly most: number;
}

/** Whether a service is under pressure as a whole: at least half of its copies say so. */
export function isUnderPressure(
  copies: readonly { readonly underPressure?: boolean | undefined }[],
): boolean {
  const pressed = copies.filter((copy) => copy.underPressure === true);
  return pressed.length > 0 && 2 * pressed.length >= copies.length;
}

/** How much of something a copy under pressure is given at once. */
export function underPressure(most: number): number {
  return Math.max(1, Math.round(most * shareUnderPressure));
}

/** How much of something a process takes on at least. */
export function leastUnderWay(most: number): number {
  return Math.max(1, Math.round(most * leastShare));
}

/** How much of something a copy is given at once where nobody is told of pressure. */
export function untold(most: number): number {
  return Math.max(1, Math.round(most * shareUntold));
}

/**
 * Whether a process is asked for more than it can do. It begins when the work of half a second was late, which is when a limit
 * shrinks: a burst is over by then. It ends when for a while no limit has been lower than at best, and less was under way than the front
 * door lets through meanwhile: whatever fills a door that is nearly closed would flood one that is open. Pure: it is told what time it is.
 */
export class Pressure {
  private lastSeenAtMs = Number.NEGATIVE_INFINITY;
  private lasts = false;

  /** Notes how it is now, several times in a second. */
  note(kinds: readonly KindOfWork[], nowMs: number): void {
    const isLate = kinds.some(({ limit, most }) => limit < most);
    const fillsTheDoor = kinds.some(({ underWay, most }) => underWay > underPressure(most) / 2);
    if (isLate || (this.lasts && fillsTheDoor)) {
      this.lasts = true;
      this.lastSeenAtMs = nowMs;
    } else if (nowMs - this.lastSeenAtMs >= calmMs) this.lasts = false;
  }

  get isThere(): boolean {
    return this.lasts;
  }
}
