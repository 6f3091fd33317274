import { readFileSync } from 'node:fs';
import { findLiveRun } from '#cli/launcher/run-record.js';
import type { StateFolder } from '#cli/launcher/state-folder.js';
import { listProducts, ShopClient, type Customer } from '../e2e/shop-client.js';
import { ControlClient } from './control-client.js';
import { OrderStream } from './order-stream.js';
import type { RunningShop } from './run-case.js';

/** More of a product than all runs together take. */
const plenty = 100_000;
/** A token lives for 15 minutes, and no case takes more than two. */
const renewCustomersAfterMs = 10 * 60_000;

/** The shop that runs in a state folder. */
export async function openShop(state: StateFolder): Promise<RunningShop> {
  const run = findLiveRun(state);
  if (run === undefined) throw new Error(`No shop runs in ${state.path}`);
  const products = await listProducts(new ShopClient(run.url));
  let customers: Customer[] = [];
  let openedAtMs = Number.NEGATIVE_INFINITY;
  return {
    url: run.url,
    control: new ControlClient(run.url, readFileSync(state.adminTokenPath, 'utf8').trim()),
    products: products.filter(({ available }) => available > plenty),
    processes: () => findLiveRun(state)?.processes ?? [],
    customers: async () => {
      if (performance.now() - openedAtMs > renewCustomersAfterMs) {
        customers = [...(await OrderStream.newCustomers(run.url)).keys()];
        openedAtMs = performance.now();
      }
      const balances = customers.map(async (customer) => [customer, await customer.balanceMinor()] as const);
      return new Map(await Promise.all(balances));
    },
  };
}
