import pg from 'pg';
import { waitFor } from '#cli/wait-for.js';
import { Failure } from '#cli/failure.js';
import { customerCount } from '../limit/order-script.js';
import type { LimitDatabase } from '../limit/limit-database.js';

const replicatedTimeoutMs = 30_000;

/** The limit's database as each of several servers has it. */
export async function databaseAt(
  database: LimitDatabase,
  ports: readonly number[],
): Promise<LimitDatabase[]> {
  const all = ports.map((port) => {
    const url = new URL(database.url);
    url.port = String(port);
    return { ...database, url: url.href };
  });
  for (const one of all) {
    if (!(await waitFor(() => isFilled(one), { timeoutMs: replicatedTimeoutMs })))
      throw new Failure(`The server at ${one.url} does not get what the primary has`);
  }
  return all;
}

async function isFilled({ url, password }: LimitDatabase): Promise<boolean> {
  const withPassword = new URL(url);
  withPassword.password = password;
  const client = new pg.Client({ connectionString: withPassword.href });
  // Whatever breaks, the query tells.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ count: string }>('SELECT count(*)::text FROM account.accounts');
    return rows[0]?.count === String(customerCount);
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
