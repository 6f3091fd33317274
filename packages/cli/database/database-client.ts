import { z } from 'zod';
import { ControlClient } from '../control-client.js';
import { Failure } from '../failure.js';

const lagSchema = z.object({
  id: z.string(),
  member: z.string(),
  lagMs: z.number(),
  ttlMs: z.number(),
  leftMs: z.number(),
});
export type ReplicaLag = z.infer<typeof lagSchema>;

const clusterSchema = z.object({
  epoch: z.number(),
  primary: z.string().nullable(),
  phase: z.string(),
  mode: z.string(),
  synchronous: z.string(),
  synchronousReplicas: z.number(),
  leaseLeftMs: z.number(),
  members: z.array(
    z.object({
      name: z.string(),
      role: z.string(),
      lsn: z.string().nullable(),
      lagBytes: z.number().nullable(),
      lagMs: z.number().nullable(),
      synchronous: z.boolean(),
      delayMs: z.number(),
    }),
  ),
  lags: z.array(lagSchema),
  history: z.array(
    z.object({
      epoch: z.number(),
      primary: z.string(),
      beganAtLsn: z.string(),
      beganAt: z.string(),
      why: z.string(),
      tookMs: z.number(),
    }),
  ),
});
export type Cluster = z.infer<typeof clusterSchema>;

const failoverSchema = z.object({ epoch: z.number(), primary: z.string(), tookMs: z.number() });
export type Failover = z.infer<typeof failoverSchema>;

/** The supervisor waits for a lease, and then for a replica. */
const failoverTimeoutMs = 45_000;

/** The operator's calls to the supervisor of a running shop. */
export class DatabaseClient {
  constructor(private readonly control: ControlClient) {}

  static ofRun(statePath: string): DatabaseClient {
    return new DatabaseClient(ControlClient.ofRun(statePath));
  }

  /** @throws Failure where there is no supervisor */
  async show(): Promise<Cluster> {
    const cluster = await this.find();
    if (cluster === undefined)
      throw new Failure('This stage has one database server alone. Stage 10 has replicas and a supervisor.');
    return cluster;
  }

  /** Undefined where there is no supervisor. */
  async find(): Promise<Cluster | undefined> {
    const call = { method: 'GET', path: '/control/database' } as const;
    const schema = z.union([clusterSchema, z.object({ code: z.literal('not-found') })]);
    const found = await this.control.ask(call, schema, 'The database servers could not be looked at', [404]);
    return 'code' in found ? undefined : found;
  }

  failOver(to: string | undefined): Promise<Failover> {
    const body = to === undefined ? {} : { to };
    const path = '/control/database/failover';
    const call = { method: 'POST', path, body, timeoutMs: failoverTimeoutMs } as const;
    return this.control.ask(call, failoverSchema, 'No replica was promoted');
  }

  async setMode(mode: string): Promise<void> {
    const call = { method: 'PUT', path: '/control/database/mode', body: { mode } } as const;
    await this.control.ask(call, z.unknown(), 'The mode could not be changed');
  }

  async setSynchronous(synchronous: string): Promise<void> {
    const call = { method: 'PUT', path: '/control/database/synchronous', body: { synchronous } } as const;
    await this.control.ask(call, z.unknown(), 'What writes wait for could not be changed');
  }

  /** @param member a replica; the last one when left out */
  addLag(member: string | undefined, lagMs: number, ttlMs: number): Promise<ReplicaLag> {
    const body = { ...(member !== undefined && { member }), lagMs, ttlMs };
    const call = { method: 'POST', path: '/control/database/lags', body } as const;
    return this.control.ask(call, lagSchema, 'The replica could not be made to lag');
  }

  /** @returns how many there were */
  async clearLags(): Promise<number> {
    const call = { method: 'DELETE', path: '/control/database/lags' } as const;
    return (await this.control.ask(call, z.object({ removed: z.number() }), 'No lag was taken back')).removed;
  }

  async clearLag(id: string): Promise<void> {
    const call = { method: 'DELETE', path: `/control/database/lags/${encodeURIComponent(id)}` } as const;
    await this.control.ask(call, z.unknown(), 'The lag was not taken back');
  }
}
