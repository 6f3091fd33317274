import type { Failpoint } from '#protocols/commit/failpoints.js';

/** On whose behalf a process has reached a failpoint. */
export interface Occasion {
  readonly gid: string;
  readonly correlationId: string;
}

/** What the process has to do with its message; crash, pause, delay and error have happened before. */
export type Hit = 'go' | 'drop' | 'duplicate';

/** Thrown at a failpoint by the action `error`. */
export class InjectedFault extends Error {
  constructor(readonly point: Failpoint) {
    super(`A fault was injected at ${point}`);
  }
}

/** The failpoints of a process. */
export interface Failpoints {
  /**
   * Says that a failpoint is reached. Undefined, the usual case, when no fault waits there, so that nothing has to be
   * waited for.
   *
   * @throws InjectedFault (by rejecting) for the action `error`
   */
  hit(point: Failpoint, occasion: Occasion): Promise<Hit> | undefined;
}

/** Where there are no faults. */
export const noFailpoints: Failpoints = { hit: () => undefined };
