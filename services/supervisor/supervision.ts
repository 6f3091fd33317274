import type { Logger } from '#platform/logging/logger.js';
import type { ClusterRecord } from '#platform/postgres/cluster-record.js';
import { timings, type Action } from '#protocols/failover/cluster.js';
import { Failover } from '#protocols/failover/failover.js';
import { confirming } from '#protocols/failover/synchronous-set.js';
import { LeaseKeeper } from './domain/lease-keeper.js';
import type { ReplicaLags } from './domain/replica-lags.js';
import { recordPromotion, type Trouble } from './domain/record-promotion.js';
import type { Member } from './storage/member.js';
import type { Observation } from './domain/observation.js';

const tickMs = 50;
const lookMs = 250;
/** While the primary is in doubt every moment counts. */
const urgentLookMs = 50;
const repeatMs = 250;
/** How long what was done may take to show; then it is done again. */
const doneForMs = 1_000;
/** Decisions to remember something that may follow each other at once. */
const mostInARow = 10;

interface SupervisionOptions {
  readonly members: readonly Member[];
  readonly record: ClusterRecord;
  readonly write: (record: ClusterRecord) => void;
  readonly lags: ReplicaLags;
  readonly counted: { promotion: (record: ClusterRecord) => void; cloneOrder: (member: string) => void };
  /** Slower than others' by its patience. */
  readonly nowMs: () => number;
  readonly patience: number;
  readonly logger: Logger;
}

/**
 * Keeps one server the primary: looks at all of them, each by itself, decides, and has done what was decided on. What it
 * decides with is protocols/failover; here are the clock, the connections and the disk.
 */
export class Supervision {
  readonly failover: Failover<ClusterRecord>;
  private readonly keeper: LeaseKeeper;
  private readonly observations = new Map<string, Observation>();
  private readonly busy = new Set<string>();
  private readonly actedAtMs = new Map<string, number>();
  /** When each thing was last done to each member without a complaint. */
  private readonly doneAtMs = new Map<string, number>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly listeners = new Set<() => void>();
  private trouble: Trouble;
  private refusal: string | undefined;
  private stopped = false;

  constructor(private readonly options: SupervisionOptions) {
    const { members, record, nowMs, patience, logger } = options;
    const names = members.map(({ name }) => name);
    this.failover = new Failover(names, record, nowMs());
    this.trouble = { sinceMs: nowMs(), why: 'the primary was lost' };
    const book = {
      renewing: ({ readAtMs }: { readAtMs: number }) => this.failover.lease.renewing(readAtMs),
      renewed: ({ epoch }: { epoch: number }, { askedAtMs }: { askedAtMs: number }) => {
        this.failover.renewed(epoch, askedAtMs);
        if (epoch === this.record.epoch && this.record.phase !== 'failing-over')
          this.trouble = { sinceMs: nowMs(), why: 'the primary was lost' };
        this.tick();
      },
    };
    this.keeper = new LeaseKeeper(book, nowMs, logger, timings.renewMs / patience);
  }

  get record(): ClusterRecord {
    return this.failover.memory;
  }

  /** What the primary's lease says, as far as it has been confirmed. */
  get leaseContent(): LeaseKeeper['confirmed'] {
    return this.keeper.confirmed;
  }

  /** Why the latest command was not obeyed. */
  get refused(): string | undefined {
    return this.refusal;
  }

  observation(name: string): Observation | undefined {
    return this.observations.get(name);
  }

  start(): void {
    for (const member of this.options.members) void this.watch(member);
    const tick = (): void => {
      this.tick();
      this.schedule('tick', tick, tickMs);
    };
    tick();
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const member of this.options.members) member.close();
  }

  /** Asks for a failover; whether it happens shows in the record, or in `refused`. */
  order(to: string | undefined): void {
    const { nowMs } = this.options;
    this.refusal = undefined;
    this.trouble = { sinceMs: nowMs(), why: 'by command' };
    this.failover.order(to, nowMs());
    this.tick();
  }

  /** Changes what is remembered: on disk when it returns. */
  remember(change: Partial<ClusterRecord>, why: string): void {
    const { write, nowMs, logger, counted } = this.options;
    const before = this.record;
    const record = { ...before, ...change };
    write(record);
    this.failover.remembered(record, nowMs());
    if (record.epoch > before.epoch && this.trouble.why !== why) this.trouble = { ...this.trouble, why };
    const { epoch, primary, phase, synchronous, synchronousReplicas } = record;
    logger.info({ epoch, primary, phase, synchronous, synchronousReplicas, why }, 'remembered');
    for (const [member, order] of Object.entries(record.cloneOrders))
      if (order !== before.cloneOrders[member]) counted.cloneOrder(member);
    if (before.phase === 'failing-over' && phase === 'steady') counted.promotion(record);
  }

  /** Resolves with what `find` finds as soon as it does, or with undefined at the deadline. */
  async until<T>(find: () => T | undefined, timeoutMs: number): Promise<T | undefined> {
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve) => {
      const end = (value: T | undefined): void => {
        clearTimeout(timer);
        this.listeners.delete(look);
        resolve(value);
      };
      const look = (): void => {
        const value = find();
        if (value !== undefined) end(value);
      };
      const timer = setTimeout(() => end(undefined), timeoutMs);
      this.listeners.add(look);
    });
  }

  private tick(): void {
    if (this.stopped) return;
    for (let round = 0; round < mostInARow; round += 1) {
      const decision = this.failover.decide(this.options.nowMs());
      if (decision.kind === 'remember') {
        this.remember(this.withHistory(decision.memory), decision.why);
        continue;
      }
      if (decision.refused !== undefined) this.refusal = decision.refused;
      if (decision.renew) this.renew();
      for (const action of decision.actions) this.act(action);
      break;
    }
    this.delayReplicas();
    for (const listener of this.listeners) listener();
  }

  /** When the new primary takes writes, it is told what the promotion took. */
  private withHistory(record: ClusterRecord): ClusterRecord {
    if (this.record.phase !== 'failing-over' || record.phase !== 'steady') return record;
    const beganAtLsn = this.observations.get(record.primary)?.beganAtLsn ?? '0/0';
    const { nowMs, patience } = this.options;
    const { why, sinceMs } = this.trouble;
    return recordPromotion(record, { beganAtLsn, why, tookMs: (nowMs() - sinceMs) * patience });
  }

  private renew(): void {
    const { record } = this;
    const member = this.memberNamed(record.primary);
    const primary = this.observations.get(record.primary);
    if (member === undefined || primary === undefined) return;
    const synchronousReplicas = confirming(record, primary);
    this.keeper.keep(member.lease, {
      epoch: record.epoch,
      synchronous: record.synchronous,
      synchronousReplicas,
    });
  }

  private act(action: Action): void {
    const { type } = action;
    this.use(action.member, type, (member) => member.execute(action));
  }

  /** Replicas wait for as long as the lags say, also for no time at all when the supervisor has just started. */
  private delayReplicas(): void {
    for (const { name } of this.options.members) {
      const seen = this.observations.get(name);
      const wanted = this.options.lags.of(name);
      if (seen === undefined || seen.delayMs === wanted) continue;
      // A primary delays nothing; it matters when it becomes a replica.
      if (seen.recovering || wanted === 0) this.use(name, 'delay', (member) => member.delay(wanted));
    }
  }

  /** One thing at a time, and nothing again before it was seen what the last thing has done. */
  private use(name: string, what: string, work: (member: Member) => Promise<void>): void {
    const { nowMs, logger } = this.options;
    const member = this.memberNamed(name);
    const seenAtMs = this.observations.get(name)?.askedAtMs ?? Number.NEGATIVE_INFINITY;
    const actedAtMs = this.actedAtMs.get(name) ?? Number.NEGATIVE_INFINITY;
    if (member === undefined || this.busy.has(name) || seenAtMs < actedAtMs) return;
    if (nowMs() - seenAtMs > timings.freshMs) return;
    // A promotion, for one, takes a moment to show.
    const repeated = `${name} ${what}`;
    if (nowMs() - (this.doneAtMs.get(repeated) ?? Number.NEGATIVE_INFINITY) < doneForMs) return;
    this.busy.add(name);
    void work(member)
      .then(() => {
        this.doneAtMs.set(repeated, nowMs());
        logger.info({ member: name }, `done: ${what}`);
      })
      .catch((error: unknown) => logger.warn({ err: error, member: name }, `not done: ${what}`))
      .finally(() => {
        this.busy.delete(name);
        this.actedAtMs.set(name, nowMs());
        void this.watch(member);
      });
  }

  /** Looks at a member again and again. */
  private async watch(member: Member): Promise<void> {
    clearTimeout(this.timers.get(member.name));
    let pauseMs = repeatMs;
    try {
      const observation = await member.look();
      const latestAtMs = this.observations.get(member.name)?.askedAtMs ?? Number.NEGATIVE_INFINITY;
      if (this.stopped || observation.askedAtMs < latestAtMs) return;
      this.observations.set(member.name, observation);
      this.failover.heard(observation);
      this.tick();
      pauseMs = this.isCalm() ? lookMs : urgentLookMs;
    } catch (error) {
      this.options.logger.debug({ err: error, member: member.name }, 'a member does not answer');
    }
    this.schedule(member.name, () => void this.watch(member), pauseMs);
  }

  /** While writes wait, for the lease or for a replica that can confirm them, every moment counts. */
  private isCalm(): boolean {
    const { record } = this;
    const leftMs = this.failover.lease.leftMs(this.options.nowMs());
    const primary = this.observations.get(record.primary);
    const isConfirmed = record.synchronous === 'none' || (primary && confirming(record, primary) > 0);
    return record.phase === 'steady' && leftMs > 2 * timings.renewMs && isConfirmed === true;
  }

  private memberNamed(name: string): Member | undefined {
    return this.options.members.find((member) => member.name === name);
  }

  private schedule(name: string, work: () => void, delayMs: number): void {
    if (this.stopped) return;
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(work, delayMs));
  }
}
