import { Option, type Command } from 'commander';

import { Failure } from '../failure.js';
import { FrontDoorClient } from '../front-door-client.js';
import { requireRun } from '../launcher/require-run.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';
import { Shopper, type PlacedOrder } from '../shopper.js';
import { readUsers } from '../users.js';

interface OrderOptions extends CommonOptions {
  readonly protocol?: string;
  readonly count: number;
  readonly concurrency: number;
  readonly user: string;
  readonly sku?: readonly string[];
  readonly quantity: number;
  readonly timeout: number;
  readonly wait?: true;
}

export function addOrder(program: Command): void {
  program
    .command('order')
    .description('place orders and print the outcome of each; exit 1 when one is unknown or failed')
    .addOption(
      new Option('--protocol <name>', "the commit protocol; the platform's default when left out").choices([
        'saga',
        '2pc',
        'none',
      ]),
    )
    .option('--count <number>', 'how many orders', wholeNumber(1, 100_000), 1)
    .option('--concurrency <number>', 'how many at a time', wholeNumber(1, 64), 4)
    .option('--user <owner>', 'the seeded user who orders', 'alice')
    .option('--sku <sku...>', 'the products of each order; one at random when left out')
    .option('--quantity <number>', 'how many of each product', wholeNumber(1, 1_000_000), 1)
    .option('--timeout <seconds>', 'how long a lost answer is asked for again', wholeNumber(1, 600), 30)
    .option('--wait', 'wait for the outcome of pending orders')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(order);
}

async function order(options: OrderOptions): Promise<void> {
  const { state, run } = requireRun(options.state);
  const users = readUsers(state);
  const user = users.find(({ owner }) => owner === options.user);
  if (!user) {
    throw new Failure(
      `There is no seeded user ${options.user}: ${users.map(({ owner }) => owner).join(', ')}.`,
    );
  }
  const shopper = new Shopper(new FrontDoorClient(run.url), user, options.timeout * 1000);
  await shopper.logIn();
  const skus = options.sku ?? (await shopper.listSkus());
  const orders: PlacedOrder[] = [];
  let left = options.count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const chosen = options.sku ?? [skus[Math.floor(Math.random() * skus.length)] ?? ''];
      const items = chosen.map((sku) => ({ sku, quantity: options.quantity }));
      const placed = await shopper.placeOrder({ items, protocol: options.protocol }, options.wait === true);
      orders.push(placed);
      if (!options.json) process.stdout.write(`${line(placed)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, options.count) }, worker));
  const sum = countOutcomes(orders);
  if (options.json) printJson({ orders, sum });
  else process.stdout.write(`\n${sentence(sum)}\n`);
  process.exitCode = sum['UNKNOWN'] || sum['FAILED'] ? 1 : 0;
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
