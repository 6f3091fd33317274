import { coordinatorRole } from '#cli/launcher/coordinator-role.js';
import { waitUntil } from '../e2e/wait-until.js';
import type { RunningShop } from './run-case.js';

const activeMs = 30_000;

/**
 * Has a standby take over, and none but a standby: a coordinator that were killed might be back, and win the term, before
 * the registry has told it of the fault that is to act at the takeover. So the active one is stopped, and killed only after.
 */
export class ProvokedTakeover {
  private silent = false;

  private constructor(private readonly activePid: number) {}

  static async of(shop: RunningShop): Promise<ProvokedTakeover> {
    const pid = await waitUntil('an active coordinator', activeMs, async () => {
      const coordinators = shop.processes().filter(({ name }) => name.startsWith('coordinator'));
      const roles = await Promise.all(coordinators.map(({ port }) => coordinatorRole(port)));
      return coordinators[roles.findIndex((role) => role?.startsWith('active'))]?.pid;
    });
    return new ProvokedTakeover(pid);
  }

  /** SIGSTOP: from now on the active coordinator renews its lease no more. */
  silence(): void {
    this.silent = true;
    process.kill(this.activePid, 'SIGSTOP');
  }

  /** The launcher brings it back. */
  kill(): void {
    if (this.silent) process.kill(this.activePid, 'SIGKILL');
    this.silent = false;
  }
}
