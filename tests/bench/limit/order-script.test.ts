import { expect, test } from '@jest/globals';
import { renderOrderScript } from './order-script.js';

/** What the limit rests on: it runs what the services run, in transactions of the same kind, and nothing else. */
async function stepsOf(name: 'saga' | 'tcc' | '2pc' | '3pc' | 'local'): Promise<string[]> {
  const lines = (await renderOrderScript(name)).trimEnd().split('\n');
  const body = lines.slice(lines.findLastIndex((line) => line.startsWith('\\set')) + 1);
  return body.map((line) => /^(?:EXECUTE "(.*?)"|([A-Z ]+\b))/.exec(line)?.slice(1).join('').trim() ?? line);
}

const branches = ['inventory-reserve', 'account-debit', 'order-confirm'];

test('a saga is six statements, each a transaction of its own', async () => {
  expect(await stepsOf('saga')).toEqual(['order-insert', 'log-write', ...branches, 'log-write']);
});

test('2PC prepares three branches, logs the decision, and commits them', async () => {
  expect(await stepsOf('2pc')).toEqual([
    'order-insert',
    ...branches.flatMap((name) => ['BEGIN', name, 'PREPARE TRANSACTION']),
    'log-write',
    ...['COMMIT PREPARED', 'COMMIT PREPARED', 'COMMIT PREPARED'],
    'log-write',
  ]);
});

test('TCC tries three branches, logs the decision, and confirms them', async () => {
  expect(await stepsOf('tcc')).toEqual([
    'order-insert',
    ...['inventory-put-aside', 'account-hold', 'order-status'],
    'log-write',
    ...['inventory-confirm', 'account-confirm', 'order-confirm'],
    'log-write',
  ]);
});

test('3PC marks three prepared branches as pre-committed before it commits them', async () => {
  expect(await stepsOf('3pc')).toEqual([
    'order-insert',
    'log-write',
    ...branches.flatMap((name) => ['BEGIN', name, 'PREPARE TRANSACTION']),
    'log-write',
    ...['inventory-mark', 'account-mark', 'orders-mark'],
    ...['COMMIT PREPARED', 'COMMIT PREPARED', 'COMMIT PREPARED'],
    'log-write',
  ]);
});

test('a local order is one transaction without a log', async () => {
  expect(await stepsOf('local')).toEqual(['BEGIN', 'order-insert', ...branches, 'COMMIT']);
});

test('the statements are the services’ own, prepared once for each connection', async () => {
  const script = await renderOrderScript('saga');
  expect(script.match(/^PREPARE "/gm)).toHaveLength(5);
  expect(script).toContain('INSERT INTO orders.orders');
  expect(script).toMatch(/^\\if :ready = 0\n/);
});
