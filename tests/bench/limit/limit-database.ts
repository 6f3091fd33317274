import { readFileSync } from 'node:fs';
import pg from 'pg';
import { createDatabases, databaseEnvironment } from '#cli/launcher/postgres/roles.js';
import type { StateFolder } from '#cli/launcher/state-folder.js';
import type { Logger } from '#platform/logging/logger.js';
import { migrate } from '#platform/postgres/migrations.js';
import { accountService } from '#services/account/account.module.js';
import { coordinatorService } from '#services/coordinator/coordinator.module.js';
import { inventoryService } from '#services/inventory/inventory.module.js';
import { orderService } from '#services/order/order.module.js';
import { accountIds, priceMinor, productCount, skuOf } from './order-script.js';

export interface LimitDatabase {
  readonly url: string;
  readonly password: string;
}

const name = 'bench';
const balanceMinor = 1_000_000_000_000;

/**
 * A database with the schemas of all services on the platform's own PostgreSQL server, since pgbench connects to one
 * database only. Its products are as many as the shop's, and its customers as many as the load generator's.
 */
export async function createLimitDatabase(state: StateFolder, port: number): Promise<LimitDatabase> {
  await createDatabases(state, port, [name]);
  const environment = databaseEnvironment(state, { database: name, role: name, poolSize: 2, port });
  const url = environment['TRISTATE_DATABASE_URL'] ?? '';
  const password = readFileSync(environment['TRISTATE_DATABASE_PASSWORD_FILE'] ?? '', 'utf8').trim();
  const withPassword = new URL(url);
  withPassword.password = password;
  const config = { connectionString: withPassword.href, poolSize: 2, members: [], maxReplicaLagMs: 10_000 };
  const logger = { info: () => undefined } as unknown as Logger;
  for (const { migrations } of [accountService, inventoryService, orderService, coordinatorService]) {
    for (const { schema, directory } of migrations) await migrate(config, schema, directory, logger);
  }
  await fill(config.connectionString);
  return { url, password };
}

async function fill(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query('DELETE FROM inventory.products');
    await client.query(
      `INSERT INTO inventory.products (sku, name, price_minor, initial, available)
       SELECT sku, 'Green Teapot, size 1', $2, 1000000000, 1000000000 FROM unnest($1::text[]) AS sku`,
      [Array.from({ length: productCount }, (_, index) => skuOf(index)), priceMinor],
    );
    await client.query(
      `INSERT INTO account.accounts (id, owner, password_hash, opening_balance_minor, balance_minor)
       SELECT id, 'customer-' || id, repeat('x', 100), $2, $2 FROM unnest($1::uuid[]) AS id`,
      [accountIds, balanceMinor],
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}
