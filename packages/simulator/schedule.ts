import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import { drawFaults } from './faults/draw-faults.js';
import { reductionsOf, withoutParts, type Drawn, type Reduction } from './faults/reductions.js';
import { Coverage } from './kernel/coverage.js';
import { Random } from './kernel/random.js';
import { World } from './kernel/world.js';
import { Violation, type Law } from './laws/violation.js';
import { drawShop } from './shop/draw-shop.js';
import { rightParts, type ShopParts } from './shop/shop-parts.js';
import { Shop } from './shop/shop.js';

/** Names one schedule: with the same code it always runs the same way. */
export interface ScheduleName {
  readonly protocol: CommitProtocolName;
  readonly seed: number;
  /** What the seed gives and is left out, to see whether it fails without. */
  readonly without: readonly Reduction[];
}

export interface ScheduleOptions {
  readonly coverage?: Coverage;
  readonly parts?: ShopParts;
  /** Keep what has happened. */
  readonly isTold?: boolean;
}

export interface ScheduleResult {
  readonly committed: number;
  readonly aborted: number;
  /** 3PC: transactions that have diverged, were detected, and repaired. */
  readonly diverged: number;
  /** `none`: orders whose branches have ended differently. */
  readonly broken: number;
  readonly violation: { readonly law: Law; readonly message: string } | undefined;
  readonly history: readonly string[];
}

/** Faults go on for at most so long; then everything heals, and all must have ended after `healingMs`. */
const longestFaultyMs = 7_000;
const healingMs = 30_000;
const repairEveryMs = 500;
const mostRepairs = 40;

const streams = { shop: 1, faults: 2, network: 3, choices: 4 } as const;

function draw({ protocol, seed }: ScheduleName): Drawn & { faultyMs: number } {
  const random = new Random(seed, streams.faults);
  const faultyMs = random.between(300, longestFaultyMs);
  return {
    shop: drawShop(new Random(seed, streams.shop)),
    faults: drawFaults(random, protocol, faultyMs),
    faultyMs,
  };
}

/** What could be left out of a schedule. */
export function reductionsOfSchedule(name: ScheduleName): Reduction[] {
  return reductionsOf(draw(name));
}

/** Runs a schedule: orders under faults, then the healed shop, in which every transaction must come to its end. */
export function runSchedule(
  name: ScheduleName,
  { coverage = new Coverage(), parts = rightParts, isTold = false }: ScheduleOptions = {},
): ScheduleResult {
  const { protocol, seed, without } = name;
  const drawn = draw(name);
  const { faultyMs } = drawn;
  const { shop: plan, faults } = withoutParts(drawn, without);
  const world = new World(new Random(seed, streams.network), coverage, isTold);
  const shop = new Shop(world, new Random(seed, streams.choices), protocol, plan, parts);
  let violation: ScheduleResult['violation'];
  try {
    world.disturb(faults);
    shop.open();
    world.run(faultyMs, () => shop.isQuiet);
    world.heal();
    world.run(world.nowMs + healingMs, () => shop.isQuiet);
    requireEnd(shop);
    repairAll(world, shop);
    shop.laws.checkAllRows();
  } catch (error) {
    // An invariant of a core that breaks is a violation, too.
    const law = error instanceof Violation ? error.law : 'the protocol goes on';
    violation = { law, message: error instanceof Error ? error.message : String(error) };
    world.tell(violation.message);
  }
  const { committed, aborted, diverged } = shop.laws;
  const broken = protocol === 'none' ? brokenOrders(shop) : 0;
  return { committed, aborted, diverged: diverged.size, broken, violation, history: world.history };
}

function requireEnd(shop: Shop): void {
  const { pending } = shop.laws;
  if (pending.size > 0)
    throw new Violation(
      'every order ends',
      `${[...pending].join(', ')} are PENDING for ${healingMs} ms after healing`,
    );
  const unsettled = shop.unsettled();
  if (unsettled !== undefined)
    throw new Violation('nothing stays locked or reserved', `${unsettled} ${healingMs} ms after healing`);
}

/** What has diverged is in the log, and is repaired on command until all branches agree. */
function repairAll(world: World, shop: Shop): void {
  for (const gid of shop.laws.diverged) {
    const states = shop.laws.statesOf(gid);
    const known = shop.divergences().filter((one) => one.gid === gid);
    if (states.some((state) => state !== 'applied') && known.length === 0)
      throw new Violation(
        'a divergence is known',
        `${gid} has ${states.join(', ')}, and the log does not say so`,
      );
  }
  for (let round = 0; round < mostRepairs; round++) {
    const open = shop.divergences();
    if (open.length === 0) break;
    for (const { gid, branch } of open) shop.repair(gid, branch);
    world.run(world.nowMs + repairEveryMs, () => shop.divergences().length === 0);
  }
  for (const gid of shop.laws.diverged) {
    const states = shop.laws.statesOf(gid);
    if (states.some((state) => state !== 'applied'))
      throw new Violation('a divergence is known', `${gid} was repaired, and has ${states.join(', ')}`);
  }
}

function brokenOrders(shop: Shop): number {
  return shop.transactions.filter(({ gid }) => {
    const states = shop.laws.statesOf(gid);
    return states.includes('applied') && states.some((state) => state !== 'applied');
  }).length;
}
