import { compareProgress, timings, type Memory, type Seen } from './cluster.js';

/** A failover that somebody has asked for. */
export interface Command {
  /** The replica to be promoted; the most advanced when left out. */
  readonly to: string | undefined;
  readonly askedAtMs: number;
  /** Where the log of the old primary ended when it had been fenced: nothing of it need be lost. */
  readonly place?: bigint;
}

export interface ChoiceInput {
  readonly memory: Memory;
  readonly members: readonly string[];
  /** The last words of every member that has ever been heard. */
  readonly seen: ReadonlyMap<string, Seen>;
  readonly command: Command | undefined;
  /** From when on nobody believes the old primary any more. */
  readonly leaseOverAtMs: number;
  readonly nowMs: number;
}

export type Choice =
  | { readonly kind: 'chosen'; readonly name: string; readonly why: string }
  | { readonly kind: 'nobody'; readonly why: string };

/**
 * Who is to be promoted. What counts is what replicas say after the lease is over: what they have then includes every
 * write that anybody believed to be acknowledged. Before a promotion that could lose something, those are waited for
 * who may have more.
 */
export function choosePrimary(input: ChoiceInput): Choice {
  const { memory, command, leaseOverAtMs, nowMs } = input;
  if (nowMs < leaseOverAtMs) return nobody('the lease of the old primary is not over');
  const heard = [...input.seen.values()].filter((seen) => isHeard(input, seen));
  const replicas = heard.filter(({ recovering }) => recovering);
  const awaited = missing(input, heard);
  if (awaited.length > 0) return nobody(`${awaited.join(', ')} must be heard first`);
  const best = mostAdvanced(replicas, command?.to);
  if (best === undefined) return nobody('no replica can be reached');
  const target = command?.to ?? best.name;
  if (target !== best.name) {
    const isThere = replicas.some(({ name }) => name === target);
    return nobody(isThere ? `${best.name} has more than ${target}` : `${target} cannot be reached`);
  }
  if (command?.place !== undefined && best.lsn < command.place)
    return nobody(`${best.name} has not received everything from ${memory.primary} yet`);
  return { kind: 'chosen', name: target, why: command === undefined ? 'the primary was lost' : 'by command' };
}

/** On a tie the one that was asked for, else the first by name. */
function mostAdvanced(replicas: readonly Seen[], wanted: string | undefined): Seen | undefined {
  return [...replicas].sort((one, other) => {
    const progress = compareProgress(other, one);
    if (progress !== 0) return progress;
    if (one.name === wanted || other.name === wanted) return one.name === wanted ? -1 : 1;
    return one.name < other.name ? -1 : 1;
  })[0];
}

function isHeard({ leaseOverAtMs, nowMs }: ChoiceInput, { askedAtMs }: Seen): boolean {
  return askedAtMs >= leaseOverAtMs && nowMs - askedAtMs <= timings.freshMs;
}

/** Whose answer is needed, for ever or for a while, before anybody may be chosen. */
function missing(input: ChoiceInput, heard: readonly Seen[]): string[] {
  const { memory, members, seen, command, leaseOverAtMs, nowMs } = input;
  const whole = (name: string): boolean =>
    heard.some((one) => one.name === name && (one.complete || !one.recovering));
  if (memory.synchronous !== 'none') {
    const silent = memory.synchronousReplicas.filter((name) => !whole(name));
    if (silent.length > 0) return silent;
    // Only the old primary has for sure what was acknowledged; nobody can take its place without losing it.
    if (memory.synchronousReplicas.includes(memory.primary) && !isReplica(heard, memory.primary))
      return [memory.primary];
  }
  const overForMs = nowMs - leaseOverAtMs;
  return members.filter((name) => {
    const last = seen.get(name);
    if (last === undefined || (name === memory.primary && !last.recovering)) return false;
    const answers = heard.some((one) => one.name === name);
    if (answers) return last.recovering && !last.complete && overForMs < timings.completeMs;
    const wasThere = last.askedAtMs >= leaseOverAtMs - timings.leaseMs;
    return wasThere && overForMs < timings.patienceMs && command?.to !== name;
  });
}

function isReplica(heard: readonly Seen[], name: string): boolean {
  return heard.some((one) => one.name === name && one.recovering);
}

function nobody(why: string): Choice {
  return { kind: 'nobody', why };
}
