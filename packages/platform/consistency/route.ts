import { createHash } from 'node:crypto';
import type { SynchronousMode } from '../config/process-config.js';
import type { Position } from '../postgres/position.js';
import type { Demand } from './demand.js';
import type { LogOfToday, Place } from './log-of-today.js';
import type { Session } from './session-token.js';

/** Where a read may be answered. */
export type Route =
  | { readonly from: 'primary' }
  /** By a replica that has come to where the primary is now (read index; Ongaro 2014, 6.4). */
  | { readonly from: 'read-index' }
  /**
   * By a replica that has replayed `least`, and all that was committed `withinMs` ago, else by the primary. With a key, by that
   * key's replica if it can be.
   */
  | {
      readonly from: 'replica';
      readonly least: bigint;
      readonly withinMs?: number;
      readonly key?: string;
    }
  /** The session has seen or written what no server has any more. */
  | { readonly from: 'nowhere' };

export interface ReadRequest {
  readonly demand: Demand;
  readonly account: string | undefined;
  readonly session: Session | undefined;
  readonly written: Position;
  readonly seen: Position;
  /** Whether it reads what belongs to the account, and not what all share. */
  readonly own: boolean;
}

export interface ReadContext {
  readonly log: Pick<LogOfToday, 'placeOf'>;
  readonly synchronous: SynchronousMode;
  readonly windowMs: number;
  readonly nowMs: number;
}

const primary: Route = { from: 'primary' };
const anyReplica = { from: 'replica', least: 0n } as const satisfies Route;

export function routeOf(request: ReadRequest, context: ReadContext): Route {
  const { demand, session, written, seen } = request;
  const { log } = context;
  switch (demand.level) {
    case 'strong':
      // Elsewhere a replica is behind by more than the way to the primary and back takes.
      return context.synchronous === 'remote_apply' ? { from: 'read-index' } : primary;
    case 'read-your-writes':
      return readYourWrites(request, context);
    case 'monotonic': {
      const key = request.account ?? session?.account;
      return replicaWith([log.placeOf(seen)], key);
    }
    case 'causal':
      if (session === undefined && request.own) return primary;
      return replicaWith([log.placeOf(written), log.placeOf(seen)]);
    case 'eventual':
      return anyReplica;
  }
}

function readYourWrites({ demand, session, written, own }: ReadRequest, context: ReadContext): Route {
  // What a client wrote that sends no session is not known, but it can only have written what is its own.
  if (own && (session === undefined || demand.strategy === 'primary')) return primary;
  if (session === undefined || demand.strategy === 'primary') return anyReplica;
  if (demand.strategy === 'token') return replicaWith([context.log.placeOf(written)]);
  const { nowMs, windowMs } = context;
  // A window alone would do only while no replica is further behind than it is long.
  return nowMs - session.wroteAtMs < windowMs ? primary : { ...anyReplica, withinMs: windowMs };
}

function replicaWith(places: readonly Place[], key?: string): Route {
  let least = 0n;
  for (const place of places) {
    if (place === 'lost') return { from: 'nowhere' };
    if (place === 'ahead') return primary;
    if (place > least) least = place;
  }
  return key === undefined ? { from: 'replica', least } : { from: 'replica', least, key };
}

/**
 * The replicas by the weight that the key gives to each (rendezvous hashing; Thaler, Ravishankar 1998): when one leaves,
 * only its own keys move, and each to its second choice.
 */
export function inOrderOfKey<Named extends { readonly name: string }>(
  replicas: readonly Named[],
  key: string,
): Named[] {
  return replicas
    .map((replica) => ({ replica, weight: weightOf(replica.name, key) }))
    .sort((left, right) => right.weight - left.weight)
    .map(({ replica }) => replica);
}

/** Each begins in turn, so that all get the same share; the nearest to the primary would get all of it. */
export function inTurn<Item>(items: readonly Item[], turn: number): Item[] {
  const first = items.length === 0 ? 0 : turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function weightOf(name: string, key: string): number {
  return createHash('sha256').update(`${name}\n${key}`).digest().readUIntBE(0, 6);
}
