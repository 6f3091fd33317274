import { Option, type Command } from 'commander';
import { commitProtocols } from '#protocols/commit/catalogue.js';

import { Failure } from '../failure.js';
import { openShopper } from '../open-shopper.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';
import type { NewOrder, PlacedOrder, Shopper } from '../shopper.js';
import { explainOrder } from '../theatre/explain-order.js';
import { faultForm, type WrittenFault } from '../theatre/fault-syntax.js';
import { faultArgument } from '../theatre/fault-argument.js';

interface OrderOptions extends CommonOptions {
  readonly protocol?: string;
  readonly count: number;
  readonly concurrency: number;
  readonly user: string;
  readonly sku?: readonly string[];
  readonly quantity: number;
  readonly timeout: number;
  readonly wait?: true;
  readonly fault?: readonly WrittenFault[];
  readonly faultTtl: number;
  readonly explain?: true;
}

export function addOrder(program: Command): void {
  program
    .command('order')
    .description('place orders and print the outcome of each; exit 1 when one is unknown or failed')
    .addOption(
      new Option('--protocol <name>', "the commit protocol; the platform's default when left out").choices(
        Object.keys(commitProtocols),
      ),
    )
    .option('--count <number>', 'how many orders', wholeNumber(1, 100_000), 1)
    .option('--concurrency <number>', 'how many at a time', wholeNumber(1, 64), 4)
    .option('--user <owner>', 'the seeded user who orders', 'alice')
    .option('--sku <sku...>', 'the products of each order; one at random when left out')
    .option('--quantity <number>', 'how many of each product', wholeNumber(1, 1_000_000), 1)
    .option('--timeout <seconds>', 'how long a lost answer is asked for again', wholeNumber(1, 600), 30)
    .option('--wait', 'wait for the outcome of pending orders')
    .option('--explain', 'draw what really happened to the order, and have the laws checked')
    .addOption(
      new Option(
        '--fault <fault>',
        `a fault that hits this order alone, once unless it ends in #NTH+: ${faultForm}; may be repeated`,
      ).argParser(faultArgument),
    )
    .option('--fault-ttl <ms>', 'how long a fault with #NTH+ acts', wholeNumber(1_000, 60_000), 6_000)
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(order);
}

async function order(options: OrderOptions): Promise<void> {
  const { fault: faults = [], explain = false, count } = options;
  const staged = faults.length > 0 || explain;
  if (staged && count > 1) throw new Failure('--fault and --explain are for one order, without --count.');
  const shopper = await openShopper(options.state, options.user, options.timeout * 1000);
  const skus = options.sku ?? (await shopper.listSkus());
  if (staged) {
    await explainOrder(shopper, newOrder(options, skus), { ...options, faults, explain });
    return;
  }
  const orders = await placeAll(shopper, options, skus);
  const sum = countOutcomes(orders);
  if (options.json) printJson({ orders, sum });
  else process.stdout.write(`\n${sentence(sum)}\n`);
  process.exitCode = sum['UNKNOWN'] || sum['FAILED'] ? 1 : 0;
}

async function placeAll(
  shopper: Shopper,
  options: OrderOptions,
  skus: readonly string[],
): Promise<PlacedOrder[]> {
  const orders: PlacedOrder[] = [];
  let left = options.count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const placed = await shopper.placeOrder(newOrder(options, skus), { wait: options.wait });
      orders.push(placed);
      if (!options.json) process.stdout.write(`${line(placed)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, options.count) }, worker));
  return orders;
}

function newOrder({ sku, quantity, protocol }: OrderOptions, skus: readonly string[]): NewOrder {
  const chosen = sku ?? [skus[Math.floor(Math.random() * skus.length)] ?? ''];
  return { items: chosen.map((one) => ({ sku: one, quantity })), protocol };
}

function line({ outcome, id, code, totalMinor, servedBy, latencyMs, attempts }: PlacedOrder): string {
  const parts = [
    outcome.padEnd(9),
    id ?? '',
    code ?? '',
    totalMinor === undefined ? '' : (totalMinor / 100).toFixed(2),
    servedBy,
    `${latencyMs.toFixed(0)} ms`,
    attempts > 1 ? `(${attempts} attempts)` : '',
  ];
  return parts.filter((part) => part !== '').join('  ');
}

function countOutcomes(orders: readonly PlacedOrder[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { outcome } of orders) sum[outcome] = (sum[outcome] ?? 0) + 1;
  return sum;
}

function sentence(sum: Readonly<Record<string, number>>): string {
  return Object.entries(sum)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
}
