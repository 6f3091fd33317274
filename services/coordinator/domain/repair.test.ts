import { describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '#platform/logging/logger.js';
import { Trace } from '#platform/trace/trace.js';
import type { LogRecord } from '#protocols/commit/messages.js';
import type { LoggedTransaction } from './active-coordinator.js';
import { Repairs, type RepairPhase } from './repair.js';

type Answer = 'done' | 'refused' | undefined;

interface Setting {
  readonly records?: LogRecord[];
  readonly repair?: 'undoing' | 'repaired';
  /** What a branch answers; undefined when it is silent. */
  readonly answer?: (branch: number, phase: RepairPhase) => Answer;
}

const begin: LogRecord = { kind: 'begin' };
const diverged: LogRecord[] = [
  begin,
  { kind: 'pre-commit' },
  { kind: 'diverged', branches: [1] },
  { kind: 'end' },
];

/** Three branches; everything that is written and sent, in order. */
function newRepairsForTest({ records = diverged, repair, answer = () => 'done' }: Setting = {}) {
  const happened: string[] = [];
  const branch = { action: { $case: 'confirmOrder' as const, confirmOrder: {} } };
  const found: LoggedTransaction = {
    transaction: { gid: 'order-1', protocol: '3pc', branches: [branch, branch, branch], correlationId: 'a' },
    records,
    ...(repair === undefined ? {} : { repair }),
  };
  const repairs: Repairs = new Repairs({
    log: {
      append: () => Promise.resolve(),
      appendRepair: (_, kind, detail) => {
        happened.push(`log ${kind} ${detail}`);
        return Promise.resolve();
      },
      read: (gid) => Promise.resolve(gid === 'order-1' ? found : undefined),
      readOpen: () => Promise.resolve([]),
      outcomeOf: () => Promise.resolve(undefined),
      passEnded: () => Promise.resolve(),
      flushed: () => Promise.resolve(),
    },
    sender: {
      sendRepair: ({ gid }, branch, phase) => {
        happened.push(`${phase} ${branch}`);
        const said = answer(branch, phase);
        if (said !== undefined) queueMicrotask(() => repairs.receive(gid, branch, phase, said));
      },
    },
    isOpen: () => false,
    trace: new Trace('coordinator-1'),
    logger: createLogger({ name: 'test', service: 'coordinator', logLevel: 'silent' }),
  });
  return { repairs, happened };
}

const redo = ['redo 0', 'redo 1', 'redo 2'];
const cancel = ['cancel 0', 'cancel 1', 'cancel 2'];

describe('the repair of a transaction that has diverged', () => {
  it('runs what is missing', async () => {
    const { repairs, happened } = newRepairsForTest();
    expect(await repairs.repair('order-1')).toBe('committed');
    expect(happened).toEqual([...redo, 'log repaired committed']);
  });

  it('undoes everything when what is missing is refused, and logs that before', async () => {
    const answer = (branch: number, phase: RepairPhase): Answer =>
      branch === 1 && phase === 'redo' ? 'refused' : 'done';
    const { repairs, happened } = newRepairsForTest({ answer });
    expect(await repairs.repair('order-1')).toBe('undone');
    expect(happened).toEqual([...redo, 'log undoing aborted-alone', ...cancel, 'log repaired undone']);
  });

  it('goes on backward after it was cut off in the middle of undoing', async () => {
    const { repairs, happened } = newRepairsForTest({ repair: 'undoing' });
    expect(await repairs.repair('order-1')).toBe('undone');
    expect(happened).toEqual([...cancel, 'log repaired undone']);
  });

  it.each<[string, Setting]>([
    ['has been repaired', { repair: 'repaired' }],
    ['has not diverged', { records: [begin, { kind: 'pre-commit' }, { kind: 'end' }] }],
  ])('does nothing for one that %s', async (_, setting) => {
    const { repairs, happened } = newRepairsForTest(setting);
    expect(await repairs.repair('order-1')).toBe('nothing-to-repair');
    expect(happened).toEqual([]);
  });

  it('says when it has never heard of a transaction', async () => {
    expect(await newRepairsForTest().repairs.repair('order-2')).toBe('unknown-transaction');
  });

  it('asks a silent branch again, and is one repair for all who ask for it', async () => {
    jest.useFakeTimers();
    try {
      let asked = 0;
      const answer = (branch: number): Answer => (branch !== 2 || (asked += 1) > 2 ? 'done' : undefined);
      const { repairs, happened } = newRepairsForTest({ answer });
      const both = [repairs.repair('order-1'), repairs.repair('order-1')];
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await Promise.all(both)).toEqual(['committed', 'committed']);
      expect(happened).toEqual([...redo, 'redo 2', 'redo 2', 'log repaired committed']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('is cut off when its coordinator is no longer the active one, and writes nothing', async () => {
    const { repairs, happened } = newRepairsForTest({ answer: () => undefined });
    const repair = repairs.repair('order-1');
    const cutOff = expect(repair).rejects.toThrow('cut off');
    await Promise.resolve();
    await Promise.resolve();
    repairs.close();
    await cutOff;
    expect(happened).toEqual(redo);
  });
});
