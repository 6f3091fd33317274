import { describe, expect, it } from '@jest/globals';
import { judge, lagMsOf, mostBehindMs, type Lease, type Sighting } from './sighting.js';

type Seen = Partial<Omit<Sighting, 'lease'>> & { lease?: Partial<Lease> | undefined };

function seen(member: string, { lease, ...rest }: Seen = {}): Sighting {
  return {
    member,
    sentAtMs: 1_000,
    clockMs: 50_000,
    inRecovery: member !== 'one',
    lsn: 100n,
    lease: {
      epoch: 1,
      primaryName: 'one',
      leftMs: 3_000,
      renewedAtMs: 49_900,
      synchronous: 'none',
      synchronousReplicas: 0,
      ...lease,
    },
    ...rest,
  };
}

const bare = (sighting: Sighting): Sighting => ({ ...sighting, lease: undefined });

/** The name of the primary and the end of its lease, at 1,200 by this process's clock. */
function judged(sightings: Sighting[], knownEpoch = 0): unknown[] {
  const { epoch, primary } = judge(sightings, knownEpoch, 1_200);
  return [epoch, primary?.sighting.member, primary?.untilMs];
}

describe('the primary', () => {
  it('is who holds the lease, which counts from when the question was sent', () => {
    expect(judged([seen('two'), seen('one', { sentAtMs: 700 })])).toEqual([1, 'one', 3_700]);
  });

  it('is nobody when the lease is over, whoever holds it', () => {
    expect(judged([seen('one', { lease: { leftMs: 200 } })])).toEqual([1, undefined, undefined]);
  });

  it('is nobody while a server in recovery has the name, or another than the holder is writable', () => {
    expect(judged([seen('one', { inRecovery: true })])).toEqual([1, undefined, undefined]);
    expect(judged([seen('two', { inRecovery: false })])).toEqual([1, undefined, undefined]);
  });

  it('is nobody without a lease', () => {
    expect(judged([bare(seen('one'))])).toEqual([0, undefined, undefined]);
  });

  const promoted = seen('two', { inRecovery: false, lease: { epoch: 2, primaryName: 'two' } });
  it.each([
    ['first', [promoted, seen('one')]],
    ['last', [seen('one'), promoted]],
  ])('is the one of the latest epoch, when it is heard %s', (_, sightings) => {
    expect(judged(sightings)).toEqual([2, 'two', 4_000]);
  });

  it('is no more the old one as soon as anybody has told of a later epoch, even when that is forgotten', () => {
    const replica = seen('three', { lease: { epoch: 2, primaryName: 'two' } });
    expect(judged([seen('one'), replica])).toEqual([2, undefined, undefined]);
    expect(judged([seen('one')], 2)).toEqual([2, undefined, undefined]);
  });
});

describe('how far a replica may be behind at most', () => {
  const primary = seen('one', { lsn: 900n });
  const { sentAtMs } = primary;

  it('is the age of the latest renewal that it has replayed, and grows until the primary is heard again', () => {
    const replica = seen('two', { lease: { renewedAtMs: 47_000 } });
    expect(mostBehindMs(replica, primary, sentAtMs)).toBe(3_000);
    expect(mostBehindMs(replica, primary, sentAtMs + 800)).toBe(3_800);
  });

  it('is the time since the primary was asked when it has replayed all that the primary had', () => {
    const replica = seen('two', { lsn: 900n, lease: { renewedAtMs: 1 } });
    expect(mostBehindMs(replica, primary, sentAtMs + 800)).toBe(800);
  });

  it('has no bound where nothing is known', () => {
    expect(mostBehindMs(seen('two'), undefined, 0)).toBe(Infinity);
  });
});

describe('the lag of a replica', () => {
  const primary = seen('one', { lsn: 900n });

  it('is the age of the latest renewal that it has replayed, by the clock of the primary', () => {
    const replica = seen('two', { sentAtMs: 1_100, clockMs: 7, lease: { renewedAtMs: 47_000 } });
    expect(lagMsOf(replica, primary)).toBe(50_000 + 100 - 47_000 - 250);
  });

  it('is nothing when it has replayed all that is known', () => {
    expect(lagMsOf(seen('two', { lsn: 900n, lease: { renewedAtMs: 1 } }), primary)).toBe(0);
  });

  it('does not grow while no primary is heard', () => {
    const lease = { renewedAtMs: 49_000 };
    const later = lagMsOf(seen('two', { sentAtMs: 60_000, lease }), primary);
    expect(later).toBe(lagMsOf(seen('two', { sentAtMs: 90_000, lease }), primary));
    expect(lagMsOf(seen('two', { lease }), undefined)).toBe(0);
  });
});
