import { v7 as uuidv7 } from 'uuid';

export interface ReplicaLag {
  readonly id: string;
  readonly member: string;
  /** How long the replica waits before it shows what it has received. */
  readonly lagMs: number;
  readonly ttlMs: number;
  readonly leftMs: number;
}

interface Held extends Omit<ReplicaLag, 'leftMs'> {
  readonly endsAtMs: number;
}

export type WhyEnded = 'time-is-up' | 'removed';

/**
 * Replicas that lag on purpose. It is in memory only: a lag ends when its time is up, when it is taken back, and with the
 * supervisor.
 */
export class ReplicaLags {
  private held: Held[] = [];

  constructor(
    private readonly nowMs: () => number,
    private readonly ended: (lag: ReplicaLag, why: WhyEnded) => void = () => undefined,
  ) {}

  /** The latest one of a member counts. */
  add(member: string, lagMs: number, ttlMs: number): ReplicaLag {
    this.endExpired();
    const held = { id: uuidv7(), member, lagMs, ttlMs, endsAtMs: this.nowMs() + ttlMs };
    this.held.push(held);
    return this.view(held);
  }

  /** The oldest first. */
  list(): ReplicaLag[] {
    this.endExpired();
    return this.held.map((lag) => this.view(lag));
  }

  /** @returns those that were there */
  remove(id?: string): ReplicaLag[] {
    this.endExpired();
    const removed = this.held.filter((lag) => id === undefined || lag.id === id);
    this.held = this.held.filter((lag) => !removed.includes(lag));
    const views = removed.map((lag) => this.view(lag));
    for (const view of views) this.ended(view, 'removed');
    return views;
  }

  /** 0 for none. */
  of(member: string): number {
    this.endExpired();
    return this.held.findLast((lag) => lag.member === member)?.lagMs ?? 0;
  }

  private endExpired(): void {
    const over = this.held.filter(({ endsAtMs }) => endsAtMs <= this.nowMs());
    if (over.length === 0) return;
    this.held = this.held.filter((lag) => !over.includes(lag));
    for (const lag of over) this.ended(this.view(lag), 'time-is-up');
  }

  private view({ id, member, lagMs, ttlMs, endsAtMs }: Held): ReplicaLag {
    return { id, member, lagMs, ttlMs, leftMs: Math.max(0, Math.ceil(endsAtMs - this.nowMs())) };
  }
}
