import { answersOk } from '#cli/launcher/readiness.js';
import type { RunningProcess } from '#cli/launcher/run-record.js';
import type { Product } from '../e2e/shop-client.js';
import { waitUntil } from '../e2e/wait-until.js';
import { faultAt, type CrashAction, type CrashCase } from './cases.js';
import type { ControlClient, Law } from './control-client.js';
import { OrderStream, type Balances } from './order-stream.js';
import { ProvokedTakeover } from './takeover.js';

/** A shop that is up. */
export interface RunningShop {
  readonly url: string;
  readonly control: ControlClient;
  readonly products: readonly Product[];
  /** With what they have now. */
  customers(): Promise<Balances>;
  processes(): readonly RunningProcess[];
}

export interface CaseReport extends CrashCase {
  /** How often the fault acted; 0: no order came by. */
  readonly acted: number;
  readonly confirmed: number;
  readonly rejected: number;
  /** 3PC: transactions that had ended differently in their branches, and were repaired. */
  readonly repaired: number;
  /** From the end of the last fault until every order was final. */
  readonly settledMs: number;
  /** What must not be: empty when the case has passed. */
  readonly violations: readonly string[];
}

const ordersPerCase = 10;
/** So many orders are placed, and others are under way, when a takeover is provoked. */
const ordersBeforeTakeover = 2;
/** A product that nobody can have. */
const soldOut = 'SOLD-OUT';
/** Longer than the coordinator's lease and every time-out of the protocols. */
const pauseMs = 4_500;
const faultTtlMs = 60_000;
const timesOf: Record<CrashAction, number> = { crash: 1, pause: 1, drop: 2, duplicate: 8 };

/** Every order is final so soon after the shop is whole again. */
const finalMs = 10_000;
const wholeMs = 30_000;
const settleMs = 8_000;
/** A point that no order has reached by then is not reached. */
const reachMs = 15_000;

/** Runs a stream of orders into one fault, heals, and looks whether everything has come to a right end. */
export async function runCase(shop: RunningShop, crashCase: CrashCase): Promise<CaseReport> {
  const { control, products } = shop;
  await becomeWhole(shop);
  const customers = await shop.customers();
  const stream = new OrderStream(customers, {
    products,
    protocols: [crashCase.protocol],
    soldOut,
    finalDeadlineMs: finalMs,
  });
  const acted = await placeUnderFault(shop, crashCase, stream);
  await becomeWhole(shop);
  const healedAtMs = performance.now();
  const violations: string[] = [];
  const orders = await stream.settle().catch((error: unknown) => {
    violations.push(error instanceof Error ? error.message : String(error));
    return [];
  });
  const settledMs = performance.now() - healedAtMs;
  let broken = await control.brokenLaws(settleMs);
  let repaired = 0;
  if (broken.length > 0 && crashCase.protocol === '3pc') {
    repaired = await repairDiverged(
      control,
      orders.map(({ id }) => id),
    );
    if (repaired > 0) broken = await control.brokenLaws(settleMs);
  }
  violations.push(...broken.map(describeLaw));
  if (violations.length === 0 && repaired === 0) {
    const { expected, actual } = await stream.balances();
    if (JSON.stringify(expected) !== JSON.stringify(actual))
      violations.push(`balances are ${actual.join(', ')} and should be ${expected.join(', ')}`);
  }
  const count = (status: string): number => orders.filter((order) => order.status === status).length;
  const [confirmed, rejected] = [count('CONFIRMED'), count('REJECTED')];
  return { ...crashCase, acted, confirmed, rejected, repaired, settledMs, violations };
}

/** Answers how often the fault has acted. Whatever happens, no fault is left behind. */
async function placeUnderFault(
  shop: RunningShop,
  { point, action }: CrashCase,
  stream: OrderStream,
): Promise<number> {
  const { control } = shop;
  const faultAction = faultAt(point, action);
  if (faultAction === undefined) throw new Error(`${action} cannot happen at ${point}`);
  const takeover = point.startsWith('coordinator.takeover') ? await ProvokedTakeover.of(shop) : undefined;
  try {
    const id = await control.addFault({
      point,
      action: faultAction,
      ttlMs: faultTtlMs,
      times: timesOf[action],
      ...(action === 'pause' && { durationMs: pauseMs }),
    });
    await stream.place(ordersPerCase, (placed) => {
      if (placed === ordersBeforeTakeover) takeover?.silence();
    });
    return await timesActed(control, id);
  } finally {
    takeover?.kill();
    await control.clearFaults();
  }
}

/** How often a fault has acted. Decisions and takeovers may come after the answers to the orders. */
async function timesActed(control: ControlClient, id: string): Promise<number> {
  try {
    return await waitUntil(`fault ${id}`, reachMs, async () => {
      const acted = await control.timesActed(id);
      return acted === 0 ? undefined : acted;
    });
  } catch {
    // No order came by: the report says so.
    return 0;
  }
}

/** Waits until every process is there, answers, and has heard which faults there are: a fault acts where it is known. */
export async function becomeWhole(shop: RunningShop): Promise<void> {
  let silent: string[] = [];
  await waitUntil(
    'a shop whose processes all answer',
    wholeMs,
    async () => {
      const services = shop.processes().filter(({ kind }) => kind === 'service');
      const ready = await Promise.all(services.map(({ port }) => answersOk(port, '/readyz')));
      silent = services.filter((_, index) => ready[index] !== true).map(({ name }) => name);
      if (silent.length > 0 || services.length <= 1) return undefined;
      silent = await shop.control.unreached();
      return silent.length === 0 ? true : undefined;
    },
    () => `No answer from ${silent.join(', ')}`,
  );
}

async function repairDiverged(control: ControlClient, gids: readonly string[]): Promise<number> {
  let repaired = 0;
  for (const gid of gids) {
    if (!(await control.hasDiverged(gid))) continue;
    await control.repair(gid);
    repaired += 1;
  }
  return repaired;
}

function describeLaw({ name, expected, actual }: Law): string {
  return `${name}: expected ${expected}, found ${actual}`;
}
