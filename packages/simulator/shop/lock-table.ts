import type { World } from '../kernel/world.js';

/** A database transaction, under way or prepared, that may hold locks. */
export interface LockOwner {
  locks: readonly number[];
  /** Its connection is lost, or its process is down: it takes no more locks. */
  isGone: boolean;
}

interface Waiting {
  readonly owner: LockOwner;
  readonly locks: readonly number[];
  readonly granted: () => void;
  isOver: boolean;
}

/** PostgreSQL's lock_timeout as the platform sets it. */
export const lockTimeoutMs = 2_000;

/**
 * The row locks of one database. A transaction takes all its locks at once: what would be a deadlock between two rows
 * of one database, which PostgreSQL detects and ends, does not happen here.
 */
export class LockTable {
  private readonly owners = new Map<number, LockOwner>();
  private waiting: Waiting[] = [];

  constructor(private readonly world: World) {}

  get held(): number {
    return this.owners.size;
  }

  acquire(owner: LockOwner, locks: readonly number[], granted: () => void, timedOut: () => void): void {
    if (this.areFree(locks)) {
      this.take(owner, locks);
      return granted();
    }
    const waiting: Waiting = { owner, locks, granted, isOver: false };
    this.waiting.push(waiting);
    this.world.plan(undefined, lockTimeoutMs, () => {
      if (waiting.isOver) return;
      this.giveUp(waiting);
      if (!owner.isGone) timedOut();
    });
  }

  /** A prepared transaction keeps the locks of the one that prepared it. */
  handOver(from: LockOwner, to: LockOwner): void {
    to.locks = from.locks;
    for (const lock of from.locks) this.owners.set(lock, to);
    from.locks = [];
  }

  release(owner: LockOwner): void {
    if (owner.locks.length === 0) return;
    for (const lock of owner.locks) this.owners.delete(lock);
    owner.locks = [];
    if (this.waiting.length > 0) this.grant();
  }

  private grant(): void {
    for (const waiting of [...this.waiting]) {
      if (waiting.isOver) continue;
      if (waiting.owner.isGone) this.giveUp(waiting);
      else if (this.areFree(waiting.locks)) {
        this.giveUp(waiting);
        this.take(waiting.owner, waiting.locks);
        waiting.granted();
      }
    }
  }

  private giveUp(waiting: Waiting): void {
    waiting.isOver = true;
    this.waiting = this.waiting.filter((one) => one !== waiting);
  }

  private areFree(locks: readonly number[]): boolean {
    for (const lock of locks) if (this.owners.has(lock)) return false;
    return true;
  }

  private take(owner: LockOwner, locks: readonly number[]): void {
    owner.locks = locks;
    for (const lock of locks) this.owners.set(lock, owner);
  }
}
