import { describe, expect, it } from '@jest/globals';
import { formatEntry, type CacheEntry } from './cache-entry.js';
import { judgeEntry, type EntryDemand } from './judge-entry.js';
import { markOf, startMark } from './mark.js';

const at = (epoch: number, lsn: number): string => markOf({ epoch, lsn: BigInt(lsn) });

const entry: CacheEntry = {
  kind: 'value',
  floor: startMark,
  atLeast: at(2, 100),
  atMost: at(2, 110),
  loadedAtMs: 1_000,
  freshUntilMs: 2_000,
  payload: '{}',
};

const demand: EntryDemand = {
  atLeast: startMark,
  epoch: 2,
  space: { incarnation: '0123456789abcdef', floor: at(1, 50) },
  nowMs: 1_500,
  staleMs: 500,
  protections: {
    nullMarker: true,
    filter: true,
    singleFlight: true,
    staleWhileRevalidate: true,
    jitter: true,
    boundedLoads: true,
    versions: true,
    localCopies: true,
  },
};

describe('an entry of the cache is judged', () => {
  const judge = (held: Partial<CacheEntry>, asked: Partial<EntryDemand> = {}): string =>
    judgeEntry(formatEntry({ ...entry, ...held }), { ...demand, ...asked }).kind;
  const without = (name: keyof EntryDemand['protections']): Partial<EntryDemand> => ({
    protections: { ...demand.protections, [name]: false },
  });

  it.each<[string, string, Partial<CacheEntry>, Partial<EntryDemand>]>([
    ['fresh before it expires', 'fresh', {}, {}],
    ['stale for a while after', 'stale', {}, { nowMs: 2_000 }],
    ['and then a miss', 'miss', {}, { nowMs: 2_500 }],
    ['a miss at once without stale values', 'miss', {}, { nowMs: 2_000, ...without('staleWhileRevalidate') }],
    ['absent: fresh before it expires', 'fresh', { kind: 'absent' }, {}],
    ['absent: never stale', 'miss', { kind: 'absent' }, { nowMs: 2_000 }],
    ['absent: a miss without null markers', 'miss', { kind: 'absent' }, without('nullMarker')],
    ['outdated: a miss', 'miss', { kind: 'outdated' }, {}],
    ['a floor alone: a miss', 'miss', { kind: 'floor' }, {}],
    ['behind what the reader has seen', 'behind', {}, { atLeast: at(2, 101) }],
    ['good enough for who has seen as much', 'fresh', {}, { atLeast: at(2, 100) }],
    ['of an epoch that has ended: a miss', 'miss', {}, { epoch: 3 }],
    ['of an epoch that is not known yet: fresh', 'fresh', {}, { epoch: 1 }],
    [
      'from before Redis lost its memory: a miss',
      'miss',
      {},
      { space: { incarnation: '', floor: at(2, 101) } },
    ],
    ['where nobody knows what Redis has lost: a miss', 'miss', {}, { space: undefined }],
    [
      'without versions: fresh all the same',
      'fresh',
      {},
      { space: undefined, epoch: 9, ...without('versions') },
    ],
  ])('%s', (_, kind, held, asked) => {
    expect(judge(held, asked)).toBe(kind);
  });

  it('as nothing when there is nothing, and as unreadable when it is none', () => {
    expect(judgeEntry(null, demand)).toEqual({ kind: 'miss', entry: undefined });
    expect(judgeEntry('hello', demand)).toEqual({ kind: 'unreadable' });
  });
});
