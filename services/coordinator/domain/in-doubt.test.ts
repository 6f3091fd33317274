import { describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import type { ProtocolEvent } from '#platform/trace/protocol-event.js';
import { Trace } from '#platform/trace/trace.js';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { LogRecord, Phase } from '#protocols/commit/messages.js';
import type { CoordinatorLog, LoggedTransaction } from './active-coordinator.js';
import { InDoubt, presumedAbortCode } from './in-doubt.js';

interface LogForTest extends CoordinatorLog {
  readonly reads: string[];
  readonly written: string[];
}

function newLogForTest(
  known: Record<string, { protocol: CommitProtocolName; records: LogRecord[] }>,
): LogForTest {
  const transactions = new Map<string, LoggedTransaction>(
    Object.entries(known).map(([gid, { protocol, records }]) => [
      gid,
      { transaction: { gid, protocol, branches: [], correlationId: 'a-request' }, records },
    ]),
  );
  const [reads, written]: [string[], string[]] = [[], []];
  return {
    reads,
    written,
    append: ({ gid }, { kind }, forced) => {
      written.push(`${gid} ${kind}${forced ? ' forced' : ''}`);
      return Promise.resolve();
    },
    read: (gid) => {
      reads.push(gid);
      return Promise.resolve(transactions.get(gid));
    },
    readOpen: () => Promise.resolve([]),
    outcomeOf: () => Promise.resolve(undefined),
    appendRepair: () => Promise.resolve(),
    passEnded: () => Promise.resolve(),
    flushed: () => Promise.resolve(),
  };
}

function newInDoubtForTest(log: LogForTest, open: readonly string[] = [], begun = true) {
  const told: string[] = [];
  const events: ProtocolEvent[] = [];
  const inDoubt = new InDoubt({
    log,
    isOpen: (gid) => open.includes(gid),
    trace: new Trace('coordinator-1', (event) => events.push(event)),
    metrics: new Metrics({ service: 'test', process: 'test' }),
    logger: createLogger({ name: 'test', service: 'coordinator', logLevel: 'silent' }),
  });
  if (begun) inDoubt.begin();
  const inquiry = (gid: string, phase: Phase | undefined = 'prepare', branch = 0) => ({
    gid,
    branch,
    phase,
    from: 'account-2',
    tell: (decision: Phase, code: string) => {
      expect(log.written.filter((line) => line.startsWith(gid) && line.includes('abort'))).toEqual(
        code === presumedAbortCode ? [`${gid} abort forced`] : [],
      );
      told.push(`${gid}/${branch} ${decision}${code === '' ? '' : ` ${code}`}`);
    },
  });
  return { inDoubt, told, events, inquiry };
}

const begin: LogRecord = { kind: 'begin' };

describe('a branch in doubt', () => {
  it.each([
    ['2pc', [begin, { kind: 'commit' }], 'commit'],
    ['2pc', [begin, { kind: 'abort', code: 'out-of-stock' }, { kind: 'end' }], 'abort out-of-stock'],
    ['tcc', [begin, { kind: 'commit' }, { kind: 'end' }], 'confirm'],
    ['tcc', [begin, { kind: 'abort', code: 'out-of-stock' }], 'cancel out-of-stock'],
  ] as const)('of %s is told the decision that is in the log: %j', async (protocol, records, expected) => {
    const log = newLogForTest({ known: { protocol, records: [...records] } });
    const { inDoubt, told, inquiry } = newInDoubtForTest(log);
    await inDoubt.answer(inquiry('known'));
    expect(told).toEqual([`known/0 ${expected}`]);
    expect(log.written).toEqual([]);
  });

  it.each([
    ['prepare', 'abort'],
    ['try', 'cancel'],
  ] as const)(
    'after %s of a transaction that nobody knows is told to %s, once that is logged',
    async (phase, told) => {
      const log = newLogForTest({});
      const { inDoubt, told: answers, inquiry } = newInDoubtForTest(log);
      await inDoubt.answer(inquiry('lost', phase));
      expect(answers).toEqual([`lost/0 ${told} ${presumedAbortCode}`]);
      expect(log.written).toEqual(['lost abort forced', 'lost end forced']);
    },
  );

  it('costs one look into the log, and one abort, however many branches and copies ask', async () => {
    const log = newLogForTest({});
    const { inDoubt, told, inquiry } = newInDoubtForTest(log);
    expect(inDoubt.knows('lost')).toBe(false);
    const asked = [0, 1, 2].map((branch) => inDoubt.answer(inquiry('lost', 'prepare', branch)));
    expect(inDoubt.knows('lost')).toBe(true);
    await Promise.all(asked);
    await inDoubt.answer(inquiry('lost'));
    expect(told).toHaveLength(4);
    expect(log.reads).toEqual(['lost']);
    expect(log.written).toEqual(['lost abort forced', 'lost end forced']);
    expect(inDoubt.knows('lost')).toBe(true);
  });

  it('is left to the transaction that is under way', async () => {
    const log = newLogForTest({});
    const { inDoubt, told, inquiry } = newInDoubtForTest(log, ['open']);
    await inDoubt.answer(inquiry('open'));
    expect([told, log.reads, log.written]).toEqual([[], [], []]);
  });

  it('of which the log knows no decision is not aborted before what was open is taken up', async () => {
    const log = newLogForTest({ open: { protocol: '2pc', records: [begin] } });
    const { inDoubt, told, inquiry } = newInDoubtForTest(log, [], false);
    await inDoubt.answer(inquiry('open'));
    expect([told, log.reads, log.written]).toEqual([[], [], []]);
    inDoubt.begin();
    await inDoubt.answer(inquiry('open'));
    expect(told).toEqual([`open/0 abort ${presumedAbortCode}`]);
  });

  it.each(['saga', 'none', '3pc'] as const)(
    'of %s is not aborted: nobody promised that',
    async (protocol) => {
      const log = newLogForTest({ known: { protocol, records: [begin] } });
      const { inDoubt, told, inquiry } = newInDoubtForTest(log);
      await inDoubt.answer(inquiry('known'));
      expect([told, log.written]).toEqual([[], []]);
    },
  );
});

describe('a branch that has decided alone', () => {
  const log = (): LogForTest =>
    newLogForTest({ known: { protocol: '3pc', records: [begin, { kind: 'pre-commit' }, { kind: 'end' }] } });

  it('is logged and told as a divergence when it contradicts the log', async () => {
    const kept = log();
    const { inDoubt, events, inquiry } = newInDoubtForTest(kept);
    await inDoubt.decidedAlone(inquiry('known', undefined, 1), 'aborted');
    expect(kept.written).toEqual(['known diverged forced']);
    expect(events.map(({ what }) => what)).toEqual([
      {
        kind: 'diverged',
        branches: [1],
        detail: 'the coordinator decided committed, branch 1 at account-2 aborted',
      },
    ]);
  });

  it('is nothing to speak of when it agrees with the log, or the log has no decision', async () => {
    const kept = log();
    const { inDoubt, events, inquiry } = newInDoubtForTest(kept);
    await inDoubt.decidedAlone(inquiry('known'), 'committed');
    await inDoubt.decidedAlone(inquiry('unheard-of'), 'aborted');
    expect([kept.written, events]).toEqual([[], []]);
  });
});
