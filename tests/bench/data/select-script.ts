import type { Database } from '#platform/postgres/database.js';
import { PostgresAccounts } from '#services/account/storage/accounts.js';
import { accountPattern, randomAccount } from '../limit/order-script.js';
import { recordOne } from '../limit/order-statements.js';
import { renderExecute, renderScript } from '../limit/pgbench-script.js';

/** The pgbench script of one read: the statement with which the shop reads an account, for accounts at random. */
export async function renderSelectScript(): Promise<string> {
  const statement = await recordOne((sql) => {
    // It never writes, so that nothing but `run` is asked of it.
    const database = sql as unknown as Database;
    return new PostgresAccounts(database, sql).byId(accountPattern);
  });
  return renderScript([randomAccount], [statement], [renderExecute(statement)]);
}
