import { setTimeout as delay } from 'node:timers/promises';
import { invariant } from '#protocols/assert.js';

import type { PlacedOrder, Shopper } from '../../shopper.js';
import { parseFault, type WrittenFault } from '../fault-syntax.js';
import { performOrder, type Cast, type Performance } from '../perform-order.js';
import type { Act, Scenario } from './commit-scenarios.js';

export interface PerformedAct extends Performance {
  readonly act: Act;
  /** The other customer's order; undefined when nobody else ordered. */
  readonly rival: PlacedOrder | undefined;
}

/** Plays one act: an order under its faults, and meanwhile another customer who wants the same product. */
export async function performAct(
  cast: Cast & { readonly rival: Shopper },
  { rivalAfterMs }: Scenario,
  act: Act,
  sku: string,
): Promise<PerformedAct> {
  const order = { items: [{ sku, quantity: 1 }], protocol: act.protocol };
  let rival: PlacedOrder | undefined;
  const meanwhile = async (): Promise<void> => {
    if (rivalAfterMs === undefined) return;
    await delay(rivalAfterMs);
    rival = await cast.rival.placeOrder(order, { wait: true });
  };
  const { faultTtlMs } = act;
  const performed = await performOrder(cast, order, { faults: faultsOf(act), faultTtlMs, meanwhile });
  return { ...performed, act, rival };
}

export function faultsOf(act: Act): WrittenFault[] {
  return act.faults.map((text) => {
    const parsed = parseFault(text);
    invariant(parsed.ok, `the fault ${text} of a scenario can be read`);
    return parsed.fault;
  });
}
