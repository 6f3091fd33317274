import { readFileSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

import { errorCode } from '../error-code.js';

/** A third of the processor time of those in front, where both want it. */
const niceness = 5;
const lookEveryMs = 500;

/**
 * Processes that let others go first. Niceness is inherited by what they start. But where Linux shares the processors among sessions
 * (sched(7), "The autogroup feature") it counts only within a session: each session has one of its own, and a new one has none, as each of
 * PostgreSQL's for a connection. So it is looked for them again and again.
 */
export class Background {
  private readonly leaders = new Set<number>();
  private readonly told = new Set<number>();
  private timer: NodeJS.Timeout | undefined;

  /** @param pid the leader of a session, which has just been started */
  add(pid: number): void {
    try {
      setPriority(pid, Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceness));
    } catch {
      // It has ended already.
      return;
    }
    this.leaders.add(pid);
    if (this.tellSession(pid)) this.timer ??= setInterval(() => this.look(), lookEveryMs).unref();
  }

  remove(pid: number): void {
    this.leaders.delete(pid);
    if (this.leaders.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const present = [...this.leaders].flatMap((leader) => [leader, ...childrenOf(leader)]);
    for (const pid of this.told) if (!present.includes(pid)) this.told.delete(pid);
    for (const pid of present) if (!this.told.has(pid)) this.tellSession(pid);
  }

  /** @returns whether the system shares its processors among sessions */
  private tellSession(pid: number): boolean {
    try {
      writeFileSync(`/proc/${pid}/autogroup`, String(niceness), { flag: 'r+' });
    } catch (error) {
      // EAGAIN: an ordinary user may tell one session in each tenth of a second. It is told at the next look.
      return errorCode(error) === 'EAGAIN';
    }
    this.told.add(pid);
    return true;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
