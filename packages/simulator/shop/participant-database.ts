import { assertNever } from '#protocols/assert.js';
import type { AbortCode } from '#protocols/commit/messages.js';
import type { World } from '../kernel/world.js';
import { done, type BranchAnswer, type BranchState, type Watch } from './branch-state.js';
import { LockTable, type LockOwner } from './lock-table.js';
import type { Portion, Transaction } from './orders-to-place.js';

/** A row of the fence; as in packages/platform/participant. */
export interface Fence {
  state: 'tried' | 'applied' | 'refused' | 'cancelled';
  code: AbortCode;
  sinceMs: number;
}

/** PREPARE TRANSACTION: the work is done but not visible, and its locks stay. */
export interface Prepared extends LockOwner {
  readonly gid: number;
  readonly isThreePhase: boolean;
  readonly sinceMs: number;
}

/** 3PC: what a participant has to remember besides the prepared transaction. */
export interface Marker {
  readonly state: 'pre-committed' | 'aborted';
  readonly sinceMs: number;
}

const nothing: readonly Portion[] = [];

/**
 * What is durable at one participant: rows with what is available and what is reserved, the fence, prepared
 * transactions with their locks, and the highest term it has heard of. Each method is one statement: the caller holds
 * the locks that it needs, and nothing of it is done by halves. All copies of a service share it.
 */
export class ParticipantDatabase {
  readonly value: number[];
  readonly held: number[];
  readonly fences = new Map<number, Fence>();
  readonly prepared = new Map<number, Prepared>();
  readonly markers = new Map<number, Marker>();
  readonly locks: LockTable;
  /** What is reserved and neither confirmed nor cancelled. */
  readonly tried = new Set<number>();
  term = 0;

  /** @param opening what each row has at first */
  constructor(
    protected readonly world: World,
    readonly branch: number,
    readonly opening: number[],
    private readonly transactions: readonly Transaction[],
    protected readonly watch: Watch,
  ) {
    this.value = [...opening];
    this.held = opening.map(() => 0);
    this.locks = new LockTable(world);
  }

  portions(gid: number): readonly Portion[] {
    return this.transactions[gid]?.portions[this.branch] ?? nothing;
  }

  /** The rows that the branch changes, and its row of the fence. */
  locksOf(gid: number): number[] {
    return [...this.portions(gid).map(({ row }) => row), this.opening.length + gid];
  }

  stateOf(gid: number): BranchState {
    return this.fences.get(gid)?.state ?? (this.prepared.has(gid) ? 'prepared' : 'untouched');
  }

  apply(gid: number): BranchAnswer | undefined {
    const fence = this.fences.get(gid);
    if (fence !== undefined) return this.remembered(fence);
    const refusal = this.refusalOf(gid);
    if (refusal !== undefined) return this.refuse(gid, refusal);
    this.move(gid, -1, 0);
    this.setFence(gid, 'applied', '');
    return done;
  }

  /** Undoes what was done, releases what was reserved, and remembers that the branch must never run. */
  cancel(gid: number): BranchAnswer | undefined {
    const fence = this.fences.get(gid);
    switch (fence?.state) {
      case undefined:
        this.setFence(gid, 'cancelled', 'cancelled');
        return done;
      case 'applied':
        this.move(gid, 1, 0);
        this.setFence(gid, 'cancelled', 'cancelled');
        return done;
      case 'tried':
        this.move(gid, 0, -1);
        this.setFence(gid, 'cancelled', 'cancelled');
        return done;
      case 'refused':
      case 'cancelled':
        return done;
      default:
        return assertNever(fence as never);
    }
  }

  try(gid: number): BranchAnswer | undefined {
    const fence = this.fences.get(gid);
    if (fence !== undefined) return fence.state === 'tried' ? done : this.remembered(fence);
    const refusal = this.refusalOf(gid);
    if (refusal !== undefined) return this.refuse(gid, refusal);
    this.move(gid, 0, 1);
    this.setFence(gid, 'tried', '');
    return done;
  }

  confirm(gid: number): BranchAnswer | undefined {
    const fence = this.fences.get(gid);
    if (fence?.state === 'applied') return done;
    if (fence?.state !== 'tried') return undefined;
    this.move(gid, -1, -1);
    this.setFence(gid, 'applied', '');
    return done;
  }

  /** `owner` is the transaction that did the work; it hands its locks over when it is prepared. */
  prepare(gid: number, owner: LockOwner, isThreePhase: boolean): BranchAnswer | undefined {
    const fence = this.fences.get(gid);
    if (fence !== undefined) return this.remembered(fence);
    const refusal = this.refusalOf(gid);
    if (refusal !== undefined) return this.refuse(gid, refusal);
    const prepared: Prepared = { gid, isThreePhase, sinceMs: this.world.nowMs, locks: [], isGone: false };
    this.locks.handOver(owner, prepared);
    this.prepared.set(gid, prepared);
    this.watch.branchChanged(this.branch, gid, 'untouched', 'prepared');
    return done;
  }

  /** False when there is no prepared transaction of that name. */
  commitPrepared(gid: number): boolean {
    const prepared = this.prepared.get(gid);
    if (prepared === undefined) return false;
    this.prepared.delete(gid);
    this.move(gid, -1, 0);
    this.fences.set(gid, { state: 'applied', code: '', sinceMs: this.world.nowMs });
    this.watch.branchChanged(this.branch, gid, 'prepared', 'applied');
    this.locks.release(prepared);
    return true;
  }

  rollbackPrepared(gid: number): boolean {
    const prepared = this.prepared.get(gid);
    if (prepared === undefined) return false;
    this.prepared.delete(gid);
    this.watch.branchChanged(this.branch, gid, 'prepared', 'untouched');
    this.locks.release(prepared);
    return true;
  }

  /** A message of this term is acted upon by a process that had heard of `known`. */
  watchTerm(term: number, known: number): void {
    this.watch.termUsed(this.branch, term, known);
  }

  watchUndone(gid: number): void {
    this.watch.undoneAnswered(this.branch, gid);
  }

  /** INSERT … ON CONFLICT DO NOTHING: the marker that stands there afterwards. */
  mark(gid: number, state: Marker['state']): Marker {
    const present = this.markers.get(gid);
    if (present !== undefined) return present;
    const marker: Marker = { state, sinceMs: this.world.nowMs };
    this.markers.set(gid, marker);
    return marker;
  }

  /** Repair: runs a branch that was aborted by itself, if there is enough for it. */
  redo(gid: number): BranchAnswer | undefined {
    const fence = this.fences.get(gid);
    if (fence?.state === 'applied') return done;
    if (fence?.state !== 'cancelled' || this.markers.get(gid)?.state !== 'aborted') return undefined;
    const code = this.refusalOf(gid);
    if (code !== undefined) return { type: 'refused', code };
    this.move(gid, -1, 0);
    this.setFence(gid, 'applied', '');
    return done;
  }

  /** Buys what a branch needs, outside of all orders. */
  restock(gid: number): void {
    for (const { row, amount } of this.portions(gid)) {
      this.opening[row] = (this.opening[row] ?? 0) + amount;
      this.value[row] = (this.value[row] ?? 0) + amount;
    }
  }

  /** The answer to a message that asks for the work again. */
  protected remembered(fence: Fence): BranchAnswer | undefined {
    return fence.state === 'applied' || fence.state === 'tried'
      ? done
      : { type: 'refused', code: fence.code };
  }

  protected setFence(gid: number, state: Fence['state'], code: AbortCode): void {
    const from = this.stateOf(gid);
    this.fences.set(gid, { state, code, sinceMs: this.world.nowMs });
    if (state === 'tried') this.tried.add(gid);
    else if (from === 'tried') this.tried.delete(gid);
    this.watch.branchChanged(this.branch, gid, from, state);
  }

  protected move(gid: number, valueSign: number, heldSign: number): void {
    for (const { row, amount } of this.portions(gid)) {
      this.value[row] = (this.value[row] ?? 0) + valueSign * amount;
      this.held[row] = (this.held[row] ?? 0) + heldSign * amount;
    }
  }

  protected refusalOf(gid: number): AbortCode | undefined {
    for (const { row, amount } of this.portions(gid)) {
      if ((this.value[row] ?? 0) - (this.held[row] ?? 0) < amount) return 'not-enough';
    }
    return undefined;
  }

  private refuse(gid: number, code: AbortCode): BranchAnswer {
    this.setFence(gid, 'refused', code);
    return { type: 'refused', code };
  }
}
