import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';
import { countCosts, type ProtocolCosts } from './protocol-costs.js';

/**
 * The table in docs/protocols/README.md tells what each protocol costs. Here the cores are run and counted, and the
 * table is read: a core that costs more, or a table that says less, fails.
 */
const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/protocols/README.md'), 'utf8');
const names = Object.keys(commitProtocols) as CommitProtocolName[];
/** An order's: reserveStock, debitAccount, confirmOrder. The second is the one that refuses. */
const branchCount = 3;
const refuser = 1;

const rows = new Map(
  page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .map(([title = '', ...cells]) => [title, cells]),
);
const head = rows.get('')?.map((cell) => /^\[(.+)\]/.exec(cell)?.[1]);

/** The first number of a cell; `9 (6)` is what is counted, and the least that the protocol allows. */
function numberIn(row: string, name: CommitProtocolName): number {
  const cell = rows.get(row)?.[head?.indexOf(name) ?? -1];
  return Number.parseInt(cell ?? '', 10);
}

function leastIn(row: string, name: CommitProtocolName): number {
  const cell = rows.get(row)?.[head?.indexOf(name) ?? -1];
  return Number.parseInt(/\((\d+)\)/.exec(cell ?? '')?.[1] ?? '', 10);
}

const told = (name: CommitProtocolName): ProtocolCosts => ({
  messages: numberIn('messages', name),
  roundTrips: numberIn('round trips, one after the other', name),
  coordinatorWrites: numberIn('forced records of the coordinator', name),
  participantWrites: numberIn('forced writes of the participants', name),
});

describe('the table of the protocols tells what an order costs', () => {
  test('of every protocol', () => {
    expect([...(head ?? [])].sort()).toEqual([...names].sort());
  });

  test.each(names)('%s, when all agree', (name) => {
    expect(told(name)).toEqual(countCosts(name, branchCount));
  });

  test.each(names)('%s, in the sum of its forced writes', (name) => {
    const { coordinatorWrites, participantWrites } = countCosts(name, branchCount);
    expect(numberIn('forced writes, all', name)).toBe(coordinatorWrites + participantWrites);
    expect(leastIn('forced writes, all', name)).toBe(
      leastIn('forced records of the coordinator', name) + leastIn('forced writes of the participants', name),
    );
  });

  test.each(names)('%s, when the account refuses', (name) => {
    const { messages, coordinatorWrites } = countCosts(name, branchCount, refuser);
    expect(numberIn('messages, when the account refuses', name)).toBe(messages);
    expect(numberIn('forced records, when the account refuses', name)).toBe(coordinatorWrites);
  });

  test.each(names)('%s, and never less than the least', (name) => {
    for (const row of [
      'messages',
      'forced records of the coordinator',
      'forced writes of the participants',
    ]) {
      expect(leastIn(row, name)).toBeLessThanOrEqual(numberIn(row, name));
    }
  });
});
