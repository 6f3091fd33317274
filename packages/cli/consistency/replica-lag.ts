import { z } from 'zod';

import type { ControlClient } from '../control-client.js';

/** A replica that applies what it receives so much later. */
export interface AskedLag {
  readonly lagMs: number;
  /** Some replica when left out. */
  readonly member?: string | undefined;
}

const lagSchema = z.object({ id: z.string(), member: z.string() });
const clusterSchema = z.object({ members: z.array(z.object({ name: z.string(), role: z.string() })) });

const exitCodeOfInterrupt = 130;
/** Should this process be killed, the replica is not late for much longer. */
const ttlMs = 30_000;
const renewEveryMs = 10_000;

/** Runs work while a replica lags for real, and takes the lag back whatever becomes of it: also at Ctrl-C. */
export async function withReplicaLag<T>(
  control: ControlClient,
  asked: AskedLag,
  work: (member: string) => Promise<T>,
): Promise<T> {
  const lag = new HeldLag(control, asked.lagMs);
  const member = await lag.ask(asked.member);
  const interrupted = (): void => void lag.takeBack().finally(() => process.exit(exitCodeOfInterrupt));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const renewal = setInterval(() => {
    // A replica that was promoted meanwhile lags no more.
    lag.ask(member).catch(warn);
  }, renewEveryMs);
  try {
    return await work(member);
  } finally {
    clearInterval(renewal);
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    await lag.takeBack();
  }
}

class HeldLag {
  private readonly ids: string[] = [];

  constructor(
    private readonly control: ControlClient,
    private readonly lagMs: number,
  ) {}

  /** Of the lags of a member the latest counts, so that a new one can be had before the old one is given back. */
  async ask(member: string | undefined): Promise<string> {
    const body = { lagMs: this.lagMs, ttlMs, ...(member !== undefined && { member }) };
    const call = { method: 'POST', path: '/control/database/lags', body } as const;
    const lag = await this.control.ask(call, lagSchema, 'No replica could be made to lag');
    const old = this.ids.splice(0);
    this.ids.push(lag.id);
    await this.remove(old);
    return lag.member;
  }

  async takeBack(): Promise<void> {
    await this.remove(this.ids.splice(0)).catch(warn);
  }

  private async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const call = { method: 'DELETE', path: `/control/database/lags/${encodeURIComponent(id)}` } as const;
      await this.control.ask(call, z.unknown(), 'The lag could not be taken back', [404]);
    }
  }
}

function warn(error: unknown): void {
  process.stderr.write(`${String(error)}; a replica’s lag ends by itself when its time to live is over.\n`);
}

/** The replicas that the supervisor knows; none where one server stands alone. */
export async function replicaNames(control: ControlClient): Promise<string[]> {
  const call = { method: 'GET', path: '/control/database' } as const;
  // Without a supervisor there is no such path.
  const body = await control.ask(call, z.unknown(), 'The members could not be listed', [404]);
  const cluster = clusterSchema.safeParse(body);
  if (!cluster.success) return [];
  return cluster.data.members.filter(({ role }) => role === 'replica').map(({ name }) => name);
}
