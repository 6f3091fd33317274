import { describe, expect, it } from '@jest/globals';
import { noFailpoints } from '#platform/faults/failpoints.js';
import { createLogger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { TransactionRuntime, type Transaction } from '#platform/runtime/transaction-runtime.js';
import { Trace } from '#platform/trace/trace.js';
import { ActiveCoordinator, type CoordinatorLog, type Term } from './active-coordinator.js';

const transaction: Transaction = {
  gid: 'order-1',
  protocol: '2pc',
  branches: Array.from({ length: 3 }, () => ({
    action: { $case: 'confirmOrder' as const, confirmOrder: {} },
  })),
  correlationId: 'a-request',
};

type FakeLog = Pick<CoordinatorLog, 'append' | 'readOpen' | 'passEnded' | 'outcomeOf'>;

/** A coordinator in its second term, and what it has sent. */
async function enter(outcomeOf: FakeLog['outcomeOf']): Promise<{
  readonly coordinator: ActiveCoordinator;
  readonly sent: readonly string[];
}> {
  const sent: string[] = [];
  const logger = createLogger({ name: 'test', service: 'coordinator', logLevel: 'silent' });
  const log: FakeLog = {
    append: () => Promise.resolve(),
    readOpen: () => Promise.resolve([]),
    passEnded: () => Promise.resolve(),
    outcomeOf,
  };
  const runtime: TransactionRuntime = new TransactionRuntime({
    log,
    sender: {
      send: ({ phase, branch, gid }) => {
        sent.push(`${phase} ${branch}`);
        queueMicrotask(() => runtime.receive(gid, { type: 'done', branch, phase }));
        return undefined;
      },
    },
    failpoints: noFailpoints,
    trace: new Trace('coordinator-1', () => undefined),
    metrics: new Metrics({ service: 'test', process: 'test' }),
    logger,
    mostOpen: 1,
  });
  const inDoubt = { knows: () => false, settled: () => Promise.resolve() };
  const channels = { ready: () => Promise.resolve(), close: () => undefined };
  const term = { number: 2, log, runtime, inDoubt, channels } as unknown as Term;
  const door = { resume: () => undefined, suspend: () => undefined };
  const coordinator = new ActiveCoordinator(() => term, door, logger);
  await coordinator.enter(2);
  return { coordinator, sent };
}

describe('the active coordinator', () => {
  it('tells every branch, when the log knows of an abort on behalf of a branch in doubt and of nothing else', async () => {
    const { coordinator, sent } = await enter(() =>
      Promise.resolve({ outcome: 'aborted', code: 'coordinator-restarted', presumed: true }),
    );
    expect(await coordinator.execute(transaction, true)).toEqual({
      outcome: 'aborted',
      code: 'coordinator-restarted',
    });
    expect(sent).toEqual(['abort 0', 'abort 1', 'abort 2']);
  });

  it('leaves a transaction that may have been asked for before alone while its log cannot be read', async () => {
    const { coordinator, sent } = await enter(() => Promise.reject(new Error('no connection')));
    expect(await coordinator.execute(transaction, true)).toBe('dropped');
    expect(sent).toEqual([]);
  });
});
