/**
 * What can crash, pause, and be cut off. Whatever a process has planned dies with it, since the plan belongs to one
 * of its incarnations; a paused process does it when it wakes up.
 */
export class SimulatedProcess {
  isUp = false;
  incarnation = 0;
  pausedUntilMs = 0;
  /** Processes on different sides of a partition don't hear each other. */
  side = 0;
  /** Called when it starts, for the first time or after a crash. It remembers only what is durable. */
  readonly whenStarted: (() => void)[] = [];
  readonly whenCrashed: (() => void)[] = [];

  /** @param canFail a database is a place that a partition can cut off, and has no other faults */
  constructor(
    readonly name: string,
    readonly canFail = true,
  ) {}
}
