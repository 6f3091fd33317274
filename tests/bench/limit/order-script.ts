import type { PricedOrder } from '#services/order/domain/order-execution.js';
import { recordOrder, type OrderStatements } from './order-statements.js';
import { renderExecute, renderScript } from './pgbench-script.js';
import type { RecordedStatement } from './recording-sql.js';

export type OrderCase = 'saga' | '2pc' | 'local';

/** How many products the shop's own catalogue has in plenty; the limit's are as many. */
export const productCount = 192;
export const customerCount = 64;
export const priceMinor = 2990;

/** Numbers of three digits, so that they can be written into ids and skus as they are. */
const firstNumber = 100;

/**
 * Ids are put together from decimal digits, which are hexadecimal ones too, since pgbench can make no UUID without
 * another round trip. Like UUIDv7 they grow, so that the indexes grow at their end.
 */
const gid = ':n-0000-7000-8000-000000000:c';
const account = '00000000-0000-7000-8000-000000000:c';

export const accountIds = Array.from({ length: customerCount }, (_, index) =>
  account.replace(':c', String(firstNumber + index)),
);
export const skuOf = (index: number): string => `BEN-CHM-${firstNumber + index}`;

/** The order that every pgbench client places again and again, with pgbench's variables in it. */
function newOrder(protocol: OrderCase): PricedOrder {
  return {
    id: gid,
    accountId: account,
    idempotencyKey: `limit-${gid}`,
    requestHash: 'x'.repeat(43),
    protocol,
    status: 'PENDING',
    items: [{ sku: skuOf(0).replace(String(firstNumber), ':s'), quantity: 1, priceMinor }],
    totalMinor: priceMinor,
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

/** The pgbench script of one order: the same statements and transactions as the services' own, and nothing else. */
export async function renderOrderScript(protocol: OrderCase): Promise<string> {
  const order = await recordOrder(newOrder(protocol));
  const body = await bodies[protocol](order);
  const { insert, reserve, debit, confirm, log } = order;
  const statements = [insert, reserve, debit, confirm, ...(protocol === 'local' ? [] : [await log('end')])];
  const variables = [
    'n :n + 1',
    `c ${firstNumber} + :client_id`,
    `s random(${firstNumber}, ${firstNumber + productCount - 1})`,
  ];
  return renderScript(variables, statements, body);
}

const run = renderExecute;

const bodies: Record<OrderCase, (order: OrderStatements) => Promise<string[]>> = {
  local: async ({ insert, reserve, debit, confirm }) => [
    'BEGIN;',
    ...[insert, reserve, debit, confirm].map(run),
    'COMMIT;',
  ],
  saga: async ({ insert, reserve, debit, confirm, log }) =>
    [insert, await log('begin'), reserve, debit, confirm, await log('end')].map(run),
  // The begin record is not forced: it is on its way when the commit record is, and goes out with it.
  '2pc': async ({ insert, reserve, debit, confirm, log }) => [
    run(insert),
    ...prepared(reserve, 0),
    ...prepared(debit, 1),
    ...prepared(confirm, 2),
    run(await log('begin', 'commit')),
    ...[0, 1, 2].map((branch) => `COMMIT PREPARED '${preparedName(branch)}';`),
    run(await log('end')),
  ],
};

function prepared(statement: RecordedStatement, branch: number): string[] {
  return ['BEGIN;', run(statement), `PREPARE TRANSACTION '${preparedName(branch)}';`];
}

const preparedName = (branch: number): string => `${gid}/${branch}`;
