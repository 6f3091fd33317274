import { describe, expect, it, jest } from '@jest/globals';
import type { Failpoint } from '#protocols/commit/failpoints.js';
import type { LogRecord } from '#protocols/commit/messages.js';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import { InjectedFault, noFailpoints, type Hit } from '../faults/failpoints.js';
import { createLogger } from '../logging/logger.js';
import { Metrics } from '../metrics/metrics.js';
import type { ProtocolEvent } from '../trace/protocol-event.js';
import { Trace } from '../trace/trace.js';
import { TransactionRuntime, type Transaction } from './transaction-runtime.js';

/** A fault at one failpoint, the first time it is reached. */
type Fault = { at: Failpoint; hit: () => Promise<Hit> };

/** A runtime whose log and sender write down what they are told, in one list. */
function newRuntimeForTest({ fault, mostOpen = 10 }: { fault?: Fault; mostOpen?: number } = {}) {
  const happened: string[] = [];
  const events: ProtocolEvent[] = [];
  const writes: (() => void)[] = [];
  let armed = fault;
  const runtime = new TransactionRuntime({
    log: {
      append: (_, { kind }: LogRecord) => {
        happened.push(`append ${kind}`);
        return new Promise((resolve) => writes.push(resolve));
      },
    },
    sender: {
      send: ({ phase, branch }) => {
        happened.push(`${phase} ${branch}`);
        return undefined;
      },
    },
    failpoints: {
      hit: (point) => {
        if (armed?.at !== point) return noFailpoints.hit(point, { gid: '', correlationId: '' });
        const { hit } = armed;
        armed = undefined;
        return hit();
      },
    },
    trace: new Trace('coordinator-1', (event) => events.push(event)),
    metrics: new Metrics({ service: 'test', process: 'test' }),
    logger: createLogger({ name: 'test', service: 'coordinator', logLevel: 'silent' }),
    mostOpen,
  });
  /** Lets every log write end that is under way, and what waits for it go on. */
  const flush = async (): Promise<void> => {
    for (const written of writes.splice(0)) written();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return { runtime, happened, events, flush };
}

function newTransaction(protocol: CommitProtocolName, gid = 'order-1'): Transaction {
  const branches = Array.from({ length: 2 }, () => ({
    action: { $case: 'confirmOrder' as const, confirmOrder: {} },
  }));
  return { gid, protocol, branches, correlationId: 'a-request' };
}

const logged = (events: readonly ProtocolEvent[]): string[] =>
  events.flatMap(({ what }) => (what.kind === 'logged' ? [what.record] : []));

describe('the runtime of transactions', () => {
  it('sends nothing that follows a forced record before the record is on disk', async () => {
    const { runtime, happened, flush } = newRuntimeForTest();
    const ending = runtime.execute(newTransaction('saga'));
    await Promise.resolve();
    expect(happened).toEqual(['append begin']);
    await flush();
    expect(happened).toEqual(['append begin', 'apply 0']);
    runtime.receive('order-1', { type: 'done', branch: 0, phase: 'apply' });
    runtime.receive('order-1', { type: 'done', branch: 1, phase: 'apply' });
    expect(await ending).toEqual({ outcome: 'committed' });
    expect(runtime.isOpen('order-1')).toBe(false);
  });

  it('does not begin again what has ended, however late a request comes', async () => {
    const { runtime, happened, flush } = newRuntimeForTest();
    const ending = runtime.execute(newTransaction('saga'));
    await flush();
    for (const branch of [0, 1]) runtime.receive('order-1', { type: 'done', branch, phase: 'apply' });
    expect(await ending).toEqual({ outcome: 'committed' });
    const before = [...happened];
    expect(await runtime.execute(newTransaction('saga'))).toEqual({ outcome: 'committed' });
    await flush();
    expect(happened).toEqual(before);
  });

  it('does not wait for a record that is not forced', async () => {
    const { runtime, happened } = newRuntimeForTest();
    void runtime.execute(newTransaction('2pc'));
    expect(happened).toEqual(['append begin', 'prepare 0']);
    runtime.drop();
  });

  it('sends no decision while its record is being written, whatever arrives meanwhile', async () => {
    const { runtime, happened, flush } = newRuntimeForTest();
    void runtime.execute(newTransaction('2pc'));
    for (const branch of [0, 1]) runtime.receive('order-1', { type: 'done', branch, phase: 'prepare' });
    runtime.receive('order-1', { type: 'done', branch: 1, phase: 'prepare' });
    expect(happened).toEqual(['append begin', 'prepare 0', 'prepare 1', 'append commit']);
    await flush();
    expect(happened.slice(4)).toEqual(['commit 0', 'commit 1']);
    runtime.drop();
  });

  it('notes each record once it is on disk, and who took over', async () => {
    const { runtime, happened, events, flush } = newRuntimeForTest();
    runtime.recover(newTransaction('2pc'), [{ kind: 'begin' }, { kind: 'commit' }], 7);
    expect(happened).toEqual(['commit 0', 'commit 1']);
    for (const branch of [0, 1]) runtime.receive('order-1', { type: 'done', branch, phase: 'commit' });
    expect(logged(events)).toEqual([]);
    await flush();
    expect(logged(events)).toEqual(['end']);
    expect(events[0]).toMatchObject({
      gid: 'order-1',
      process: 'coordinator-1',
      what: { kind: 'took-over', term: 7, records: ['begin', 'commit'] },
    });
    expect(events.map(({ what }) => what)).toContainEqual({ kind: 'ended', outcome: 'committed' });
  });

  it('joins a transaction that is under way, and refuses a new one beyond its bound', async () => {
    const { runtime, flush } = newRuntimeForTest({ mostOpen: 1 });
    const [first, second] = [
      runtime.execute(newTransaction('none')),
      runtime.execute(newTransaction('none')),
    ];
    expect(runtime.execute(newTransaction('none', 'order-2'))).toBe('overloaded');
    for (const branch of [0, 1]) runtime.receive('order-1', { type: 'done', branch, phase: 'apply' });
    await flush();
    expect(await Promise.all([first, second])).toEqual([{ outcome: 'committed' }, { outcome: 'committed' }]);
    expect(runtime.execute(newTransaction('none', 'order-2'))).not.toBe('overloaded');
    runtime.drop();
  });

  it('lets go of everything when it is dropped, and does nothing after a write that was under way', async () => {
    const { runtime, happened, flush } = newRuntimeForTest();
    const ending = runtime.execute(newTransaction('saga'));
    runtime.drop();
    await flush();
    expect(await ending).toBe('dropped');
    expect(happened).toEqual(['append begin']);
    runtime.receive('order-1', { type: 'done', branch: 0, phase: 'apply' });
    expect(happened).toEqual(['append begin']);
  });

  it('stands still at a failpoint before a log write', async () => {
    let goOn = (): void => undefined;
    const hit = (): Promise<Hit> => new Promise((resolve) => (goOn = () => resolve('go')));
    const { runtime, happened, flush } = newRuntimeForTest({
      fault: { at: 'coordinator.begin.before-log', hit },
    });
    void runtime.execute(newTransaction('saga'));
    await flush();
    expect(happened).toEqual([]);
    goOn();
    await flush();
    await flush();
    expect(happened).toEqual(['append begin', 'apply 0']);
    runtime.drop();
  });

  it.each(['coordinator.decision.before-log', 'coordinator.decision.after-log'] as const)(
    'tries a write again that fails at %s, and sends nothing meanwhile',
    async (at) => {
      jest.useFakeTimers();
      try {
        const hit = (): Promise<Hit> => Promise.reject(new InjectedFault(at));
        const { runtime, happened, flush } = newRuntimeForTest({ fault: { at, hit } });
        void runtime.execute(newTransaction('2pc'));
        for (const branch of [0, 1]) runtime.receive('order-1', { type: 'done', branch, phase: 'prepare' });
        await flush();
        expect(happened).not.toContain('commit 0');
        await jest.advanceTimersByTimeAsync(100);
        await flush();
        expect(happened.slice(-3)).toEqual(['append commit', 'commit 0', 'commit 1']);
        runtime.drop();
      } finally {
        jest.useRealTimers();
      }
    },
  );
});
