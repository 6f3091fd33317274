import { calmNetwork, type FaultPlan } from '../kernel/fault-plan.js';
import type { ShopPlan } from '../shop/draw-shop.js';

/** Something of a schedule that can be left out: `loss`, `repeats`, `lateness`, `statement-failures`, `twins`, `fault-1`, `incident-0`, `order-2`. */
export type Reduction = string;

/** What a seed gives. */
export interface Drawn {
  readonly shop: ShopPlan;
  readonly faults: FaultPlan;
}

/** Everything that could be left out of what was drawn, the largest parts first. */
export function reductionsOf({ shop, faults }: Drawn): Reduction[] {
  return [
    'loss',
    'repeats',
    'lateness',
    'statement-failures',
    'twins',
    ...faults.incidents.map((_, index) => `incident-${index}`),
    ...[...faults.armed.keys()].map((_, index) => `fault-${index}`),
    ...shop.wishes.map((_, index) => `order-${index}`),
  ];
}

/** Leaves out what is named; names that mean nothing here change nothing. */
export function withoutParts({ shop, faults }: Drawn, without: readonly Reduction[]): Drawn {
  if (without.length === 0) return { shop, faults };
  const isKept = (name: Reduction): boolean => !without.includes(name);
  const { network } = faults;
  return {
    shop: {
      ...shop,
      wishes: shop.wishes
        .filter((_, index) => isKept(`order-${index}`))
        .map((wish, key) => ({ ...wish, key, isTwin: wish.isTwin && isKept('twins') })),
    },
    faults: {
      network: {
        latestMs: network.latestMs,
        lossChance: isKept('loss') ? network.lossChance : calmNetwork.lossChance,
        repeatChance: isKept('repeats') ? network.repeatChance : calmNetwork.repeatChance,
        lateChance: isKept('lateness') ? network.lateChance : calmNetwork.lateChance,
      },
      statementFailureChance: isKept('statement-failures') ? faults.statementFailureChance : 0,
      armed: new Map([...faults.armed].filter((_, index) => isKept(`fault-${index}`))),
      incidents: faults.incidents.filter((_, index) => isKept(`incident-${index}`)),
    },
  };
}
