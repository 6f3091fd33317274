import type { PricedOrder } from '#services/order/domain/order-execution.js';
import { threePhaseName } from '#platform/participant/three-phase-branches.js';
import { recordOrder, type OrderStatements } from './order-statements.js';
import { renderExecute, renderScript } from './pgbench-script.js';
import type { RecordedStatement } from './recording-sql.js';

export type OrderCase = 'saga' | 'tcc' | '2pc' | '3pc' | 'local';

/** Orders for products at random, or all for the same one. */
export type Skew = 'spread' | 'hot';

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
/** The id of the account whose number is in pgbench's variable c. */
export const accountPattern = '00000000-0000-7000-8000-000000000:c';

/** Sets that variable to any of the accounts. */
export const randomAccount = `c random(${firstNumber}, ${firstNumber + customerCount - 1})`;

export const accountIds = Array.from({ length: customerCount }, (_, index) =>
  accountPattern.replace(':c', String(firstNumber + index)),
);
export const skuOf = (index: number): string => `BEN-CHM-${firstNumber + index}`;

/** The order that every pgbench client places again and again, with pgbench's variables in it. */
function newOrder(protocol: OrderCase): PricedOrder {
  return {
    id: gid,
    accountId: accountPattern,
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
export async function renderOrderScript(protocol: OrderCase, skew: Skew = 'spread'): Promise<string> {
  const order = await recordOrder(newOrder(protocol));
  const steps = await bodies[protocol](order);
  const statements = new Map(steps.flatMap((step) => (typeof step === 'string' ? [] : [[step.name, step]])));
  const body = steps.map((step) => (typeof step === 'string' ? step : renderExecute(step)));
  const variables = [
    'n :n + 1',
    `c ${firstNumber} + :client_id`,
    skew === 'hot' ? `s ${firstNumber}` : `s random(${firstNumber}, ${firstNumber + productCount - 1})`,
  ];
  return renderScript(variables, [...statements.values()], body);
}

/** A statement, or a command that PostgreSQL does not prepare. */
type Step = RecordedStatement | string;

const bodies: Record<OrderCase, (order: OrderStatements) => Promise<Step[]>> = {
  local: async ({ insert, branches }) => ['BEGIN;', insert, ...branches.map(({ apply }) => apply), 'COMMIT;'],
  saga: async ({ insert, branches, log }) => [
    insert,
    await log('begin'),
    ...branches.map(({ apply }) => apply),
    await log('end'),
  ],
  // A begin record that is not forced is on its way when the commit record is, and goes out with it.
  tcc: async ({ insert, branches, log }) => [
    insert,
    ...branches.map((branch) => branch.try),
    await log('begin', 'commit'),
    ...branches.map(({ confirm }) => confirm),
    await log('end'),
  ],
  '2pc': async ({ insert, branches, log }) => [
    insert,
    ...branches.flatMap(({ apply }, branch) => prepared(apply, nameOf(branch))),
    await log('begin', 'commit'),
    ...branches.map((_, branch) => `COMMIT PREPARED '${nameOf(branch)}';`),
    await log('end'),
  ],
  '3pc': async ({ insert, branches, log }) => [
    insert,
    await log('begin'),
    ...branches.flatMap(({ apply }, branch) => prepared(apply, threePhaseName({ gid, branch }))),
    await log('pre-commit'),
    ...branches.map(({ preCommit }) => preCommit),
    ...branches.map((_, branch) => `COMMIT PREPARED '${threePhaseName({ gid, branch })}';`),
    await log('commit', 'end'),
  ],
};

function prepared(statement: RecordedStatement, name: string): Step[] {
  return ['BEGIN;', statement, `PREPARE TRANSACTION '${name}';`];
}

const nameOf = (branch: number): string => `${gid}/${branch}`;
