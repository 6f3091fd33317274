import { fullWeight, type ClientStrategy } from './strategy.js';

/** One of the copies that may be chosen. */
export interface Target {
  /** HOST:PORT; what a choice answers with. */
  readonly address: string;
  /** 100 is a full share. */
  readonly weight: number;
  /** The part of its share that a copy is given which has just come; absent when it is given all. */
  readonly slowStartShare?: number;
}

/** What part of the requests a copy is to be given under a strategy, relative to the others. */
export function shareOf(
  { weight, slowStartShare = 1 }: Omit<Target, 'address'>,
  strategy: ClientStrategy,
): number {
  // Round robin is blind to weights that were set, but spares a copy that has just come.
  if (strategy === 'round-robin') return fullWeight * slowStartShare;
  // Each step of a slow start would move clients between all copies: a hash modulo the sum of weights knows no neighbours.
  if (strategy === 'ip-hash') return weight;
  return weight * slowStartShare;
}
