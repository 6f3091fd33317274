import { z } from 'zod';
import { synchronousModes } from '#platform/config/process-config.js';
import { parseLsn } from '#platform/postgres/position.js';

import type { ControlClient } from '../control-client.js';
import { Failure } from '../failure.js';

const memberSchema = z.object({
  name: z.string(),
  role: z.enum(['primary', 'replica', 'old-primary', 'unreachable']),
  lsn: z.string().nullable(),
});

const clusterSchema = z.object({
  epoch: z.int(),
  primary: z.string().nullable(),
  phase: z.string(),
  mode: z.string(),
  synchronous: z.enum(synchronousModes),
  synchronousReplicas: z.int(),
  members: z.array(memberSchema),
});

export type ClusterSeen = z.infer<typeof clusterSchema>;
export type SynchronousMode = ClusterSeen['synchronous'];

/** The supervisor is restarted within this time when it was killed. */
const answerMs = 2_000;
/** The mode comes into force when a replica is there. */
const modeTimeoutMs = 30_000;

/** The supervisor of the running shop, as an operator asks it. */
export class DatabaseControl {
  constructor(private readonly control: ControlClient) {}

  /** @throws Failure when the shop has no replicas to fail over to */
  async require(): Promise<ClusterSeen> {
    try {
      return await this.see();
    } catch (cause) {
      throw new Failure(
        'This needs a primary with replicas and their supervisor, which stage 10 has: `npx tristate up --stage 10`.',
        { cause },
      );
    }
  }

  see(): Promise<ClusterSeen> {
    const call = { method: 'GET', path: '/control/database', timeoutMs: answerMs } as const;
    return this.control.ask(call, clusterSchema, 'The database servers could not be looked at');
  }

  /** Undefined while nobody answers. */
  look(): Promise<ClusterSeen | undefined> {
    return this.see().catch(() => undefined);
  }

  async setSynchronous(synchronous: SynchronousMode): Promise<void> {
    const path = '/control/database/synchronous';
    const call = { method: 'PUT', path, body: { synchronous }, timeoutMs: modeTimeoutMs } as const;
    await this.control.ask(call, z.unknown(), `The mode ${synchronous} could not be set`);
  }
}

/**
 * Tells, look by look, when every server has its role and every replica follows: each must show what the primary had
 * when all were there for the first time, which one that only answers does not.
 */
export function watchCompleteness(): (cluster: ClusterSeen) => boolean {
  let mark: bigint | undefined;
  return ({ primary, phase, synchronous, synchronousReplicas, members }) => {
    const leader = members.find(({ name, role }) => name === primary && role === 'primary');
    const replicas = members.filter(({ role }) => role === 'replica');
    const isWhole =
      typeof leader?.lsn === 'string' &&
      phase === 'steady' &&
      replicas.length === members.length - 1 &&
      replicas.length > 0;
    const confirms = synchronous === 'none' || synchronousReplicas === replicas.length;
    if (!isWhole || !confirms) {
      mark = undefined;
      return false;
    }
    mark ??= parseLsn(leader.lsn ?? '0/0');
    const reached = mark;
    return replicas.every(({ lsn }) => lsn !== null && parseLsn(lsn) >= reached);
  };
}
