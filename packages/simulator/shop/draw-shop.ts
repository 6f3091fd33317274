import type { Random } from '../kernel/random.js';
import type { Portion } from './orders-to-place.js';

/** What a customer wants, and when. */
export interface Wish {
  readonly key: number;
  readonly atMs: number;
  /** Sends the same request twice at once, under one key. */
  readonly isTwin: boolean;
  readonly portions: readonly (readonly Portion[])[];
}

/** A small shop, made for conflicts: few rows, little in them, several orders at once. */
export interface ShopPlan {
  readonly coordinators: number;
  /** Processes of each participant; they share its database. */
  readonly copies: number;
  readonly opening: readonly (readonly number[])[];
  readonly wishes: readonly Wish[];
}

const mostWishes = 5;

export function drawShop(random: Random): ShopPlan {
  const coordinators = random.chance(0.8) ? 2 : 1;
  const copies = random.chance(0.4) ? 2 : 1;
  const skus = 1 + random.below(3);
  const accounts = 1 + random.below(2);
  const isRich = random.chance(0.4);
  const fill = (count: number): number[] =>
    Array.from({ length: count }, () => (isRich ? 20 : 1 + random.below(7)));
  const placedWithinMs = random.pick([0, 50, 500, 2_500]);
  const wishes = Array.from({ length: 1 + random.below(mostWishes) }, (_, key): Wish => {
    const first = random.below(skus);
    const stock = [{ row: first, amount: 1 + random.below(3) }];
    const second = random.below(skus);
    if (second !== first && random.chance(0.5)) stock.push({ row: second, amount: 1 + random.below(2) });
    const amount = stock.reduce((sum, portion) => sum + portion.amount, 0);
    const money = [{ row: random.below(accounts), amount }];
    return {
      key,
      atMs: random.between(0, placedWithinMs),
      isTwin: random.chance(0.2),
      // A withdrawn order is refused by its own branch, the last: by then the others have run.
      portions: [stock, money, [{ row: key, amount: random.chance(0.1) ? 2 : 1 }]],
    };
  });
  const opening = [fill(skus), fill(accounts), wishes.map(() => 1)];
  return { coordinators, copies, opening, wishes };
}
