import { timings, type Memory, type Seen } from './cluster.js';

/** What is to be changed about the replicas on which commits wait; nothing when all is as it should be. */
export type SetChange =
  | { readonly kind: 'remember'; readonly synchronousReplicas: readonly string[] }
  | { readonly kind: 'configure'; readonly names: readonly string[]; readonly applies: boolean }
  | undefined;

interface Shrinking {
  readonly to: readonly string[];
  /** When the primary was first seen to have it in force. */
  readonly sinceMs: number;
  /** What was acknowledged before is within this place. */
  readonly place: bigint | undefined;
}

/**
 * The synchronous replicas. A commit waits for any one of those that the primary is told (`ANY 1`), and a promotion must
 * hear all of those that are remembered; so what is remembered always includes what the primary was told. It grows in
 * the memory first and then on the primary; it shrinks on the primary first, and in the memory when one of those that
 * remain has everything that could have been acknowledged by those that leave. It never becomes empty: with nobody
 * there commits wait.
 */
export class SynchronousSet {
  private shrinking: Shrinking | undefined;
  private readonly detachedSinceMs = new Map<string, number>();

  constructor(private readonly members: readonly string[]) {}

  /** @param primary what the primary has said just now */
  next(memory: Memory, primary: Seen): SetChange {
    this.noteDetached(primary);
    if (memory.synchronous === 'none') return this.switchOff(memory, primary);
    const replicas = this.members.filter((name) => name !== primary.name);
    const attached = attachedOf(primary).filter((name) => replicas.includes(name));
    const remembered = memory.synchronousReplicas;
    const told = remembered.filter((name) => name !== primary.name);
    const newcomers = attached.filter((name) => !told.includes(name));
    if (told.length === 0 || newcomers.length > 0) {
      this.shrinking = undefined;
      const all = told.length === 0 && newcomers.length === 0 ? replicas : newcomers;
      return { kind: 'remember', synchronousReplicas: [...remembered, ...all] };
    }
    const applies = memory.synchronous === 'remote_apply';
    const remaining = told.filter((name) => !this.isGone(name, primary));
    const shrinks = remaining.some((name) => attached.includes(name)) && remaining.length < remembered.length;
    const names = shrinks ? remaining : told;
    if (!isSame(primary.sending.names, names) || primary.sending.applies !== applies) {
      this.shrinking = undefined;
      return { kind: 'configure', names, applies };
    }
    return shrinks ? this.shrink(remaining, primary) : undefined;
  }

  private switchOff(memory: Memory, primary: Seen): SetChange {
    this.shrinking = undefined;
    if (memory.synchronousReplicas.length > 0) return { kind: 'remember', synchronousReplicas: [] };
    const { names } = primary.sending;
    return names.length > 0 ? { kind: 'configure', names: [], applies: false } : undefined;
  }

  private shrink(to: readonly string[], { askedAtMs, lsn, sending }: Seen): SetChange {
    if (this.shrinking === undefined || !isSame(this.shrinking.to, to))
      this.shrinking = { to, sinceMs: askedAtMs, place: undefined };
    const { sinceMs } = this.shrinking;
    if (this.shrinking.place === undefined) {
      if (askedAtMs >= sinceMs + timings.settleMs) this.shrinking = { to, sinceMs, place: lsn };
      return undefined;
    }
    const { place } = this.shrinking;
    const hasAll = sending.attached.some(({ name, flushed }) => to.includes(name) && flushed >= place);
    if (!hasAll) return undefined;
    this.shrinking = undefined;
    return { kind: 'remember', synchronousReplicas: to };
  }

  private noteDetached(primary: Seen): void {
    for (const name of this.members) {
      if (attachedOf(primary).includes(name)) this.detachedSinceMs.delete(name);
      else if (!this.detachedSinceMs.has(name)) this.detachedSinceMs.set(name, primary.askedAtMs);
    }
  }

  private isGone(name: string, { askedAtMs }: Seen): boolean {
    const sinceMs = this.detachedSinceMs.get(name);
    return sinceMs !== undefined && askedAtMs - sinceMs >= timings.detachedMs;
  }
}

/** On whose confirmation commits can count right now. */
export function confirming(memory: Memory, primary: Seen): number {
  const { names } = primary.sending;
  const { synchronousReplicas } = memory;
  return attachedOf(primary).filter((name) => names.includes(name) && synchronousReplicas.includes(name))
    .length;
}

/** Whether the primary asks of its commits what is remembered; only then may its lease begin. */
export function isInForce(memory: Memory, { sending, name }: Seen): boolean {
  if (memory.synchronous === 'none') return sending.names.length === 0;
  return (
    sending.names.length > 0 &&
    sending.names.every((one) => one !== name && memory.synchronousReplicas.includes(one)) &&
    sending.applies === (memory.synchronous === 'remote_apply')
  );
}

function attachedOf({ sending }: Seen): string[] {
  return sending.attached.map(({ name }) => name);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
