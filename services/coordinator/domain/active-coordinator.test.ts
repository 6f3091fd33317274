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

describe('the active coordinator', () => {
  it('tells every branch, when the log knows of an abort on behalf of a branch in doubt and of nothing else', async () => {
    const sent: string[] = [];
    const logger = createLogger({ name: 'test', service: 'coordinator', logLevel: 'silent' });
    const log: Pick<CoordinatorLog, 'append' | 'readOpen' | 'passEnded' | 'outcomeOf'> = {
      append: () => Promise.resolve(),
      readOpen: () => Promise.resolve([]),
      passEnded: () => Promise.resolve(),
      outcomeOf: () => Promise.resolve({ outcome: 'aborted', code: 'coordinator-restarted', presumed: true }),
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
    const coordinator = new ActiveCoordinator(
      () => term,
      { resume: () => undefined, suspend: () => undefined },
      logger,
    );
    await coordinator.enter(2);
    expect(await coordinator.execute(transaction, true)).toEqual({
      outcome: 'aborted',
      code: 'coordinator-restarted',
    });
    expect(sent).toEqual(['abort 0', 'abort 1', 'abort 2']);
  });
});
