import { describe, expect, it } from '@jest/globals';
import { noFailpoints } from '#platform/faults/failpoints.js';
import { createLogger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { TransactionRuntime, type Transaction } from '#platform/runtime/transaction-runtime.js';
import { Trace } from '#platform/trace/trace.js';
import { ActiveCoordinator, type CoordinatorLog, type Term } from './active-coordinator.js';
import { InDoubt } from './in-doubt.js';

const transaction: Transaction = {
  gid: 'order-1',
  protocol: '2pc',
  branches: Array.from({ length: 3 }, () => ({
    action: { $case: 'confirmOrder' as const, confirmOrder: {} },
  })),
  correlationId: 'a-request',
};

/** A coordinator whose branches say yes to everything, each as soon as it is asked. */
function newCoordinatorForTest(known: Partial<CoordinatorLog>, ready: Promise<void> = Promise.resolve()) {
  const [sent, written]: [string[], string[]] = [[], []];
  const log: CoordinatorLog = {
    append: (_, { kind }) => {
      written.push(kind);
      return Promise.resolve();
    },
    read: () => Promise.resolve(undefined),
    readOpen: () => Promise.resolve([]),
    passEnded: () => Promise.resolve(),
    outcomeOf: () => Promise.resolve(undefined),
    appendRepair: () => Promise.resolve(),
    flushed: () => Promise.resolve(),
    ...known,
  };
  const logger = createLogger({ name: 'test', service: 'coordinator', logLevel: 'silent' });
  const trace = new Trace('coordinator-1', () => undefined);
  const metrics = new Metrics({ service: 'test', process: 'test' });
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
    trace,
    metrics,
    logger,
    mostOpen: 1,
  });
  const inDoubt = new InDoubt({ log, isOpen: (gid) => runtime.isOpen(gid), trace, metrics, logger });
  const channels = { ready: () => ready, close: () => undefined };
  const term = { number: 2, log, runtime, inDoubt, channels } as unknown as Term;
  const door = { resume: () => undefined, suspend: () => undefined };
  return { coordinator: new ActiveCoordinator(() => term, door, logger), inDoubt, sent, written };
}

describe('the active coordinator', () => {
  it('tells every branch, when the log knows of an abort on behalf of a branch in doubt and of nothing else', async () => {
    const { coordinator, sent } = newCoordinatorForTest({
      outcomeOf: () => Promise.resolve({ outcome: 'aborted', code: 'coordinator-restarted', presumed: true }),
    });
    await coordinator.enter(2);
    expect(await coordinator.execute(transaction, true)).toEqual({
      outcome: 'aborted',
      code: 'coordinator-restarted',
    });
    expect(sent).toEqual(['abort 0', 'abort 1', 'abort 2']);
  });

  it('does not abort on behalf of a branch in doubt what it is about to take up', async () => {
    const open = { transaction, records: [{ kind: 'begin' as const }] };
    let allStreamsOpen: () => void = () => undefined;
    const { coordinator, inDoubt, sent, written } = newCoordinatorForTest(
      { read: () => Promise.resolve(open), readOpen: () => Promise.resolve([open]) },
      new Promise((resolve) => (allStreamsOpen = resolve)),
    );
    const told: string[] = [];
    const entered = coordinator.enter(2);
    const { gid } = transaction;
    await inDoubt.answer({
      gid,
      branch: 0,
      phase: 'prepare',
      from: 'a-copy',
      tell: (phase) => told.push(phase),
    });
    allStreamsOpen();
    await entered;
    expect(await coordinator.execute(transaction, true)).toEqual({ outcome: 'committed' });
    expect(sent).toEqual(['prepare 0', 'prepare 1', 'prepare 2', 'commit 0', 'commit 1', 'commit 2']);
    expect([told, written]).toEqual([[], ['commit', 'end']]);
  });
});
