import type { FailoverMode, SynchronousMode } from '#platform/config/process-config.js';
import { Problem } from '#platform/errors/problem.js';
import type { Logger } from '#platform/logging/logger.js';
import { timings } from '#protocols/failover/cluster.js';
import { confirming, isInForce } from '#protocols/failover/synchronous-set.js';
import { describeCluster, type ClusterView } from './domain/describe-cluster.js';
import type { ReplicaLag, ReplicaLags } from './domain/replica-lags.js';
import type { Supervision } from './supervision.js';

/** A failover waits for the lease and for a replica; then it promotes. */
const failoverTimeoutMs = 30_000;
const inForceTimeoutMs = 10_000;
const lagTimeoutMs = 3_000;
const mostLags = 20;

interface OperatorOptions {
  readonly supervision: Supervision;
  readonly lags: ReplicaLags;
  readonly members: readonly string[];
  /** Slower than others' by its patience. */
  readonly nowMs: () => number;
  readonly patience: number;
  readonly logger: Logger;
}

/** What the holder of the admin token may ask of the database cluster. Every change is in the log, with `audit: true`. */
export class Operator {
  constructor(private readonly options: OperatorOptions) {}

  show(): ClusterView {
    const { supervision, lags, members, nowMs, patience } = this.options;
    const { record, failover } = supervision;
    const primary = supervision.observation(record.primary);
    return describeCluster({
      record,
      members,
      observation: (name) => supervision.observation(name),
      leaseLeftMs: failover.lease.leftMs(nowMs()) * patience,
      confirming: primary === undefined ? 0 : confirming(record, primary),
      lags: lags.list(),
      nowMs: nowMs(),
    });
  }

  /** What the record says of a member: lines of KEY=VALUE. @throws Problem `unknown-member` */
  ordersOf(member: string): string {
    const { supervision, members } = this.options;
    if (!members.includes(member))
      throw new Problem('unknown-member', `${member} is none of ${members.join(', ')}`);
    const { epoch, primary, phase, mode, cloneOrders } = supervision.record;
    const orders = { epoch, primary, phase, mode, 'clone-order': cloneOrders[member] ?? 0 };
    return Object.entries(orders)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');
  }

  /** @throws Problem `unknown-member`, `failover-not-possible` */
  async failOver(to: string | undefined): Promise<{ epoch: number; primary: string; tookMs: number }> {
    const { supervision } = this.options;
    const { epoch, primary, phase } = supervision.record;
    if (to !== undefined) this.requireReplica(to);
    if (phase === 'failing-over')
      throw new Problem('failover-not-possible', `${primary} is being promoted already`);
    this.audit('failover-ordered', { to });
    supervision.order(to);
    const result = await supervision.until(() => {
      const { record, refused } = supervision;
      if (record.epoch > epoch && record.phase === 'steady') return record;
      return refused;
    }, failoverTimeoutMs);
    if (result === undefined || typeof result === 'string')
      throw new Problem('failover-not-possible', result ?? 'It has taken too long');
    const tookMs = result.history[0]?.tookMs ?? 0;
    return { epoch: result.epoch, primary: result.primary, tookMs };
  }

  setMode(mode: FailoverMode): void {
    this.audit('failover-mode-set', { mode });
    this.options.supervision.remember({ mode }, 'by command');
  }

  /** @throws Problem `no-primary` when it is remembered, but nobody is there to put it in force */
  async setSynchronous(synchronous: SynchronousMode): Promise<void> {
    const { supervision } = this.options;
    this.audit('synchronous-set', { synchronous });
    if (supervision.record.synchronous !== synchronous) supervision.remember({ synchronous }, 'by command');
    const setAtMs = this.options.nowMs();
    const done = await supervision.until(() => {
      const primary = supervision.observation(supervision.record.primary);
      const isSeen = primary !== undefined && primary.askedAtMs >= setAtMs;
      const isLeased = supervision.leaseContent?.synchronous === synchronous;
      return isSeen && isLeased && isInForce(supervision.record, primary) ? true : undefined;
    }, inForceTimeoutMs);
    if (done === undefined)
      throw new Problem('no-primary', 'It is remembered, and will be in force when there is a primary again');
  }

  /** @throws Problem `unknown-member`, `limit-reached` */
  async addLag(member: string | undefined, lagMs: number, ttlMs: number): Promise<ReplicaLag> {
    const { lags, supervision } = this.options;
    const name = member ?? this.lastReplica();
    this.requireReplica(name);
    if (lags.list().length >= mostLags)
      throw new Problem('limit-reached', `${mostLags} lags are there already`);
    const lag = lags.add(name, lagMs, ttlMs);
    this.audit('replica-lag-added', { ...lag });
    await supervision.until(() => this.isDelayed(name, lags.of(name)), lagTimeoutMs);
    return lag;
  }

  /** Takes back one, or all. @returns how many there were */
  async removeLags(id?: string): Promise<number> {
    const { lags, supervision } = this.options;
    const removed = lags.remove(id);
    await Promise.all(
      removed.map(({ member }) =>
        supervision.until(() => this.isDelayed(member, lags.of(member)), lagTimeoutMs),
      ),
    );
    return removed.length;
  }

  private isDelayed(name: string, delayMs: number): true | undefined {
    return this.options.supervision.observation(name)?.delayMs === delayMs ? true : undefined;
  }

  private requireReplica(name: string): void {
    const { members, supervision } = this.options;
    if (!members.includes(name))
      throw new Problem('unknown-member', `${name} is none of ${members.join(', ')}`);
    if (name === supervision.record.primary) throw new Problem('unknown-member', `${name} is the primary`);
  }

  /** One that can be reached, if there is one. */
  private lastReplica(): string {
    const { members, supervision, nowMs } = this.options;
    const replicas = members.filter((name) => name !== supervision.record.primary);
    const reachable = replicas.filter((name) => {
      const seen = supervision.observation(name);
      return seen !== undefined && seen.recovering && nowMs() - seen.askedAtMs <= timings.freshMs;
    });
    return reachable.at(-1) ?? replicas.at(-1) ?? '';
  }

  private audit(what: string, detail: Readonly<Record<string, unknown>>): void {
    this.options.logger.info({ audit: true, who: 'admin', what, detail }, what);
  }
}
