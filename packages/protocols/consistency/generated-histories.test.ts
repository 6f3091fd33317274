import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ruledOut, type GuaranteedLevel } from './guarantees.js';
import { type Operation, judge, read, write } from './history-for-test.js';

/** What one client does next, and how long it takes; `point` is when it takes effect, as a share of that. */
interface Draw {
  readonly client: number;
  readonly writes: boolean;
  readonly key: number;
  readonly pause: number;
  readonly takes: number;
  readonly point: number;
  readonly lag: number;
}

const clients = 4;
const keys = ['w', 'x', 'y', 'z'];

const draws = fc.array(
  fc.record<Draw>({
    client: fc.nat(clients - 1),
    writes: fc.boolean(),
    key: fc.nat(keys.length - 1),
    pause: fc.integer({ min: 1, max: 5 }),
    takes: fc.integer({ min: 2, max: 20 }),
    point: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    lag: fc.integer({ min: 0, max: 60 }),
  }),
  { maxLength: 80 },
);

/** One log for all keys, as a primary writes it; a replica shows a prefix of it. */
interface Entry {
  readonly at: number;
  readonly key: string;
  readonly version: number;
}

type Level = Exclude<GuaranteedLevel, 'read-your-writes' | 'monotonic'>;

/**
 * A shop with a log: writes take effect at one moment, reads show the log up to a moment, which is the read's own (strong),
 * any earlier one (eventual), or one that is not before the session's token (causal). Each client writes the key of its number.
 */
function history(drawn: readonly Draw[], level: Level): Operation[] {
  const operations: Operation[] = keys.map((key, index) => write(`client-${index}`, key, 0, [0, 1]));
  const freeAt = Array<number>(clients).fill(2);
  const versions = Array<number>(clients).fill(0);
  const timed = drawn.map((draw) => {
    const startedAt = (freeAt[draw.client] ?? 0) + draw.pause;
    const endedAt = startedAt + draw.takes;
    freeAt[draw.client] = endedAt;
    return { ...draw, startedAt, endedAt, at: startedAt + draw.point * draw.takes };
  });
  const log: Entry[] = [];
  for (const { client, writes, at, startedAt, endedAt } of timed) {
    if (!writes) continue;
    const version = (versions[client] ?? 0) + 1;
    versions[client] = version;
    const key = keys[client] ?? '';
    log.push({ at, key, version });
    operations.push(write(`client-${client}`, key, version, [startedAt, endedAt]));
  }
  const tokens = Array<number>(clients).fill(0);
  for (const { client, writes, key, at, startedAt, endedAt, lag } of timed) {
    const token = tokens[client] ?? 0;
    const upTo = writes || level === 'strong' ? at : Math.max(at - lag, level === 'causal' ? token : 0);
    tokens[client] = Math.max(token, upTo);
    if (writes) continue;
    const name = keys[key] ?? '';
    const shown = log.filter((entry) => entry.key === name && entry.at <= upTo);
    const version = Math.max(0, ...shown.map((entry) => entry.version));
    operations.push(read(`client-${client}`, name, version, [startedAt, endedAt]));
  }
  return operations;
}

test('a history whose operations each take effect at one moment between their start and end has no anomaly', () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      expect(judge(history(drawn, 'strong')).readsWithAnyOf(ruledOut.strong)).toBe(0);
    }),
  );
});

test('a history of reads from any replica that has reached the session’s token breaks no session guarantee', () => {
  fc.assert(
    fc.property(draws, (drawn) => {
      expect(judge(history(drawn, 'causal')).readsWithAnyOf(ruledOut.causal)).toBe(0);
    }),
  );
});

test('reads from any replica show no more than was written, and somewhere they do show less', () => {
  let stale = 0;
  fc.assert(
    fc.property(draws, (drawn) => {
      const checker = judge(history(drawn, 'eventual'));
      expect(checker.readsWithAnyOf(ruledOut.eventual)).toBe(0);
      stale += checker.readsWithAnyOf(ruledOut.causal);
    }),
  );
  expect(stale).toBeGreaterThan(0);
});

test('one read of a clean history, put back behind what was acknowledged before it began, is found, and no other', () => {
  fc.assert(
    fc.property(draws, fc.nat(), (drawn, choice) => {
      const clean = history(drawn, 'strong');
      const acknowledged = (key: string, before: number): number =>
        Math.max(
          ...clean.flatMap((one) =>
            one.kind === 'write' && one.endedAt < before
              ? one.versions.filter((written) => written.key === key).map(({ version }) => version)
              : [],
          ),
        );
      const candidates = clean.filter(
        (one) => one.kind === 'read' && acknowledged(one.key, one.startedAt) > 0,
      );
      const chosen = candidates[choice % candidates.length];
      fc.pre(chosen?.kind === 'read');
      const put = { ...chosen, version: acknowledged(chosen.key, chosen.startedAt) - 1 };
      const { anomalies, findings } = judge(clean.map((one) => (one === chosen ? put : one))).report();
      expect(anomalies.stale).toBe(1);
      expect(findings).toHaveLength(1);
      expect(findings[0]).toMatchObject({ session: put.session, startedAt: put.startedAt });
    }),
  );
});
