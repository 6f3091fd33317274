import { choosePrimary, type Command } from './choose-primary.js';
import { isBeyondHelp, timings, type Action, type Memory, type Seen } from './cluster.js';
import { Lease } from './lease.js';
import { isInForce, SynchronousSet } from './synchronous-set.js';

export type Decision<M extends Memory> =
  /** To be written to disk, and told to `remembered`, before anything else happens. */
  | { readonly kind: 'remember'; readonly memory: M; readonly why: string }
  | {
      readonly kind: 'act';
      readonly actions: readonly Action[];
      /** Whether the primary may be given a lease, or a longer one. */
      readonly renew: boolean;
      /** Why a command cannot be obeyed; it is dropped with this. */
      readonly refused?: string;
    };

interface PendingCommand extends Command {
  readonly waitingUntilMs: number;
}

/**
 * Which server is the primary. A decision depends on nothing but what is remembered on disk and what the members say
 * now, so a supervisor that has crashed goes on wherever it was. At most one server can be believed to be the primary:
 * the lease of the old one is over before another is chosen, and the choice is on disk before anything is done about it.
 */
export class Failover<M extends Memory> {
  readonly lease: Lease;
  private readonly seen = new Map<string, Seen>();
  /** Since when a member has said without a break that it is a primary. */
  private readonly primarySinceMs = new Map<string, number>();
  private readonly strayingSinceMs = new Map<string, number>();
  private readonly clonedAtMs = new Map<string, number>();
  private readonly set: SynchronousSet;
  private command: PendingCommand | undefined;
  private chosenAtMs: number;
  private decidedAtMs: number;
  /** Since when decisions have been made without a break. */
  private awakeSinceMs: number;

  constructor(
    private readonly members: readonly string[],
    private current: M,
    nowMs: number,
  ) {
    this.lease = new Lease(nowMs);
    this.set = new SynchronousSet(members);
    this.chosenAtMs = nowMs;
    this.decidedAtMs = nowMs;
    this.awakeSinceMs = nowMs;
  }

  get memory(): M {
    return this.current;
  }

  /** What a member has said last, however long ago. */
  lastOf(name: string): Seen | undefined {
    return this.seen.get(name);
  }

  heard(seen: Seen): void {
    const before = this.seen.get(seen.name);
    const goesOn = before !== undefined && seen.askedAtMs - before.askedAtMs <= timings.freshMs;
    if (seen.recovering) this.primarySinceMs.delete(seen.name);
    else if (!goesOn || !this.primarySinceMs.has(seen.name))
      this.primarySinceMs.set(seen.name, seen.askedAtMs);
    this.seen.set(seen.name, seen);
  }

  /** The memory is on disk. */
  remembered(memory: M, nowMs: number): void {
    if (memory.epoch !== this.current.epoch) {
      this.lease.end();
      this.command = undefined;
      this.chosenAtMs = nowMs;
      this.strayingSinceMs.clear();
    }
    for (const [name, order] of Object.entries(memory.cloneOrders))
      if (order !== this.current.cloneOrders[name]) this.clonedAtMs.set(name, nowMs);
    this.current = memory;
  }

  /** A renewal was confirmed, of the lease of `epoch`. */
  renewed(epoch: number, askedAtMs: number): void {
    if (epoch === this.current.epoch) this.lease.renewed(askedAtMs);
  }

  /** Asks for a failover although the primary may be well. It stops being renewed. Ignored while one is under way. */
  order(to: string | undefined, nowMs: number): void {
    if (this.current.phase === 'failing-over') return;
    const waitingUntilMs = Math.max(nowMs, this.lease.overAtMs) + timings.commandMs;
    this.command = { to, askedAtMs: nowMs, waitingUntilMs };
  }

  decide(nowMs: number): Decision<M> {
    if (nowMs - this.decidedAtMs > timings.freshMs) this.awakeSinceMs = nowMs;
    this.decidedAtMs = nowMs;
    const decision = this.decideOnPrimary(nowMs);
    if (decision.kind === 'remember') return decision;
    const stray = decision.renew ? this.findStray(nowMs) : undefined;
    if (stray !== undefined) return stray;
    const fences = this.fresh(nowMs)
      .filter(({ name, recovering, readOnly }) => !recovering && !readOnly && name !== this.current.primary)
      .map(({ name }): Action => ({ type: 'fence', member: name }));
    return { ...decision, actions: [...fences, ...decision.actions] };
  }

  private decideOnPrimary(nowMs: number): Decision<M> {
    const primary = this.freshOf(this.current.primary, nowMs);
    // A supervisor that was asleep itself has heard nothing, and the members had no reason to be silent.
    const isOver = this.lease.isOver(nowMs) && nowMs >= this.awakeSinceMs + timings.returnMs;
    if (this.current.phase === 'failing-over') return this.goOn(primary, nowMs);
    if (this.command !== undefined) return isOver ? this.replace(nowMs) : act([], false);
    if (!isOver || this.mayReturn(primary, nowMs)) return this.care(primary, nowMs);
    return this.current.mode === 'cold' ? act([], false) : this.replace(nowMs);
  }

  /** One that answers again is given the time to renew its lease: a slow answer is no reason for a failover. */
  private mayReturn(primary: Seen | undefined, nowMs: number): boolean {
    if (primary === undefined || primary.recovering) return false;
    const sinceMs = Math.max(this.lease.overAtMs, this.primarySinceMs.get(primary.name) ?? nowMs);
    return this.current.mode === 'cold' || nowMs < sinceMs + timings.returnMs;
  }

  /** A promotion has been decided on, perhaps by a supervisor that is no more. */
  private goOn(primary: Seen | undefined, nowMs: number): Decision<M> {
    if (primary?.recovering === true) {
      const { name: member, timeline } = primary;
      return act([{ type: 'promote', member, epoch: this.current.epoch, timeline }], false);
    }
    if (primary !== undefined) return this.care(primary, nowMs);
    const heardAtMs = this.seen.get(this.current.primary)?.askedAtMs ?? this.chosenAtMs;
    const silentSinceMs = Math.max(this.lease.overAtMs, heardAtMs, this.chosenAtMs, this.awakeSinceMs);
    // It may hold a lease that was not remembered; while it might come back, only it is looked after.
    if (nowMs < silentSinceMs + timings.promotionMs) return this.care(undefined, nowMs);
    return this.replace(nowMs);
  }

  private care(primary: Seen | undefined, nowMs: number): Decision<M> {
    const last = primary ?? this.seen.get(this.current.primary);
    const { epoch, phase } = this.current;
    const isOpen = last !== undefined && !last.recovering && last.epoch === epoch && !last.readOnly;
    const renew = isOpen && (phase !== 'failing-over' || isInForce(this.current, last));
    if (primary === undefined || primary.recovering) return act([], renew);
    if (phase !== 'steady' && this.lease.leftMs(nowMs) > 0)
      return this.remember({ phase: 'steady' }, 'the primary takes writes');
    const others = this.members.filter((name) => name !== primary.name);
    if (!isOpen || others.some((name) => !primary.sending.keepsFor.includes(name)))
      return act([{ type: 'open', member: primary.name, epoch }], renew);
    const change = this.set.next(this.current, primary);
    if (change?.kind === 'remember')
      return this.remember({ synchronousReplicas: change.synchronousReplicas }, 'the synchronous replicas');
    const { name: member } = primary;
    const actions: Action[] =
      change === undefined
        ? []
        : [{ type: 'synchronize', member, names: change.names, applies: change.applies }];
    return act([...actions, ...this.followers(primary, nowMs)], renew);
  }

  private followers(primary: Seen, nowMs: number): Action[] {
    return this.fresh(nowMs)
      .filter(
        ({ name, recovering, follows }) => recovering && name !== primary.name && follows !== primary.name,
      )
      .map(({ name }) => ({ type: 'follow', member: name, primary: primary.name }));
  }

  /** The lease is over for everybody. */
  private replace(nowMs: number): Decision<M> {
    const { command, current } = this;
    const old = this.freshOf(current.primary, nowMs);
    if (command !== undefined && old?.recovering === false && command.place === undefined) {
      if (!old.readOnly) return act([{ type: 'fence', member: old.name }], false);
      this.command = { ...command, place: old.lsn };
    }
    const { members, seen } = this;
    const input = { memory: current, members, seen, leaseOverAtMs: this.lease.overAtMs, nowMs };
    const choice = choosePrimary({ ...input, command: this.command });
    if (choice.kind === 'chosen') {
      const epoch = current.epoch + 1;
      // Whatever was acknowledged is there, and perhaps nowhere else.
      const synchronousReplicas = current.synchronous === 'none' ? [] : [choice.name];
      const change = { epoch, primary: choice.name, phase: 'failing-over' as const, synchronousReplicas };
      return this.remember(change, choice.why);
    }
    if (this.command !== undefined) {
      if (nowMs < this.command.waitingUntilMs) return act([], false);
      this.command = undefined;
      this.primarySinceMs.set(current.primary, nowMs);
      return { kind: 'act', actions: [], renew: false, refused: choice.why };
    }
    const isStuck = nowMs >= this.lease.overAtMs + timings.stuckMs;
    if (isStuck && current.phase !== 'stuck') return this.remember({ phase: 'stuck' }, choice.why);
    // Nobody can take its place, and it is there: it may go on as before.
    return old?.recovering === false ? this.care(old, nowMs) : act([], false);
  }

  private findStray(nowMs: number): Decision<M> | undefined {
    const primary = this.freshOf(this.current.primary, nowMs);
    for (const replica of this.fresh(nowMs)) {
      const { name, recovering, streaming } = replica;
      if (primary === undefined || name === primary.name || !recovering) continue;
      if (streaming || !isBeyondHelp(replica, primary)) {
        this.strayingSinceMs.delete(name);
        continue;
      }
      const sinceMs = this.strayingSinceMs.get(name) ?? nowMs;
      this.strayingSinceMs.set(name, sinceMs);
      const lastMs = this.clonedAtMs.get(name) ?? Number.NEGATIVE_INFINITY;
      if (nowMs - sinceMs < timings.strayMs || nowMs - lastMs < timings.cloneMs) continue;
      const { cloneOrders } = this.current;
      const change = { cloneOrders: { ...cloneOrders, [name]: (cloneOrders[name] ?? 0) + 1 } };
      return this.remember(change, `${name} cannot follow the primary`);
    }
    return undefined;
  }

  private remember(change: Partial<Memory>, why: string): Decision<M> {
    return { kind: 'remember', memory: { ...this.current, ...change }, why };
  }

  private fresh(nowMs: number): Seen[] {
    return [...this.seen.values()].filter(({ askedAtMs }) => nowMs - askedAtMs <= timings.freshMs);
  }

  private freshOf(name: string, nowMs: number): Seen | undefined {
    return this.fresh(nowMs).find((seen) => seen.name === name);
  }
}

function act<M extends Memory>(actions: readonly Action[], renew: boolean): Decision<M> {
  return { kind: 'act', actions, renew };
}
