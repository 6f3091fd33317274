import { beforeEach, describe, expect, test } from '@jest/globals';
import { noSending, timings, type Memory, type Seen } from './cluster.js';
import { Failover, type Decision } from './failover.js';

const memory: Memory = {
  epoch: 1,
  primary: 'a',
  phase: 'steady',
  mode: 'hot',
  synchronous: 'none',
  synchronousReplicas: [],
  cloneOrders: {},
};

const { leaseMs, marginMs, returnMs, stuckMs, strayMs } = timings;

/** A failover whose members are told of as they would be seen, one look after another. */
class Watched {
  nowMs = 0;
  failover = new Failover(['a', 'b', 'c'], memory, 0);
  private readonly told = new Map<string, Partial<Seen>>();

  start(change: Partial<Memory>): void {
    this.failover = new Failover(['a', 'b', 'c'], { ...memory, ...change }, this.nowMs);
  }

  /** From now on the member says this; undefined: nothing. */
  says(name: string, what: Partial<Seen> | undefined): void {
    if (what === undefined) this.told.delete(name);
    else this.told.set(name, { ...this.told.get(name), ...what });
  }

  /** Lets time pass, with looks and decisions; renews the lease where it may be. Stops at what is to be remembered. */
  pass(forMs: number, renews = true): Decision<Memory> {
    const untilMs = this.nowMs + forMs;
    let decision = this.look();
    while (this.nowMs < untilMs && decision.kind === 'act' && decision.refused === undefined) {
      this.nowMs += 50;
      if (decision.renew && renews) {
        this.failover.lease.renewing(this.nowMs);
        this.failover.renewed(this.failover.memory.epoch, this.nowMs);
      }
      decision = this.look();
    }
    return decision;
  }

  remember(decision: Decision<Memory>): Memory {
    if (decision.kind !== 'remember')
      throw new Error(`nothing is to be remembered: ${JSON.stringify(decision)}`);
    this.failover.remembered(decision.memory, this.nowMs);
    return decision.memory;
  }

  private look(): Decision<Memory> {
    for (const [name, what] of this.told)
      this.failover.heard({ ...replica(name), ...what, askedAtMs: this.nowMs });
    return this.failover.decide(this.nowMs);
  }
}

const keepsForAll = { ...noSending, keepsFor: ['a', 'b', 'c'] };
const primary: Partial<Seen> = { recovering: false, sending: keepsForAll };

function replica(name: string): Seen {
  return {
    name,
    askedAtMs: 0,
    recovering: true,
    timeline: 1,
    lsn: 100n,
    complete: true,
    follows: 'a',
    streaming: true,
    epoch: 1,
    readOnly: false,
    sending: noSending,
  };
}

describe('a failover', () => {
  let watched: Watched;

  beforeEach(() => {
    watched = new Watched();
    watched.says('a', primary);
    watched.says('b', {});
    watched.says('c', {});
  });

  test('leaves a primary alone that renews its lease', () => {
    expect(watched.pass(60_000)).toMatchObject({ kind: 'act', renew: true, actions: [] });
  });

  test('is not made when the primary is silent for less than its lease', () => {
    watched.pass(1_000);
    watched.says('a', undefined);
    expect(watched.pass(leaseMs - 500, false).kind).toBe('act');
    watched.says('a', primary);
    expect(watched.pass(10_000)).toMatchObject({ kind: 'act', renew: true });
  });

  test('is not made when the primary answers again before one was decided on, though its lease is over', () => {
    watched.pass(1_000);
    watched.says('b', undefined);
    watched.says('c', undefined);
    watched.says('a', undefined);
    watched.pass(leaseMs + marginMs + 1_000, false);
    watched.says('a', primary);
    watched.says('b', {});
    expect(watched.pass(10_000)).toMatchObject({ kind: 'act', renew: true });
  });

  test('is not made while nobody could be promoted: a primary that has missed its lease for long goes on', () => {
    watched.pass(1_000);
    watched.says('b', undefined);
    watched.says('c', undefined);
    // It answers, but no renewal comes through, until long after the time that it is given.
    const decision = watched.pass(leaseMs + marginMs + returnMs + stuckMs + 1_000, false);
    expect(watched.remember(decision)).toMatchObject({ epoch: 1, primary: 'a', phase: 'stuck' });
    expect(watched.remember(watched.pass(1_000))).toMatchObject({ epoch: 1, primary: 'a', phase: 'steady' });
    expect(watched.pass(10_000)).toMatchObject({ kind: 'act', renew: true });
  });

  test('goes from the record to the promotion, to the tables, to the lease, and is over then', () => {
    watched.pass(1_000);
    watched.says('a', undefined);
    watched.says('c', { lsn: 200n });
    const lostAtMs = watched.nowMs;
    expect(watched.remember(watched.pass(10_000, false))).toMatchObject({
      epoch: 2,
      primary: 'c',
      phase: 'failing-over',
    });
    expect(watched.nowMs - lostAtMs).toBeGreaterThanOrEqual(leaseMs);
    expect(watched.pass(0)).toMatchObject({
      actions: [{ type: 'promote', member: 'c', epoch: 2, timeline: 1 }],
      renew: false,
    });
    watched.says('c', { recovering: false, timeline: 2 });
    expect(watched.pass(0)).toMatchObject({
      actions: [{ type: 'open', member: 'c', epoch: 2 }],
      renew: false,
    });
    watched.says('c', { epoch: 2, sending: keepsForAll });
    expect(watched.pass(0)).toMatchObject({
      actions: [{ type: 'follow', member: 'b', primary: 'c' }],
      renew: true,
    });
    watched.says('b', { follows: 'c' });
    expect(watched.remember(watched.pass(1_000))).toMatchObject({ epoch: 2, phase: 'steady' });
    expect(watched.pass(1_000)).toMatchObject({ kind: 'act', renew: true, actions: [] });
  });

  test('goes on where a supervisor has died, without waiting for the old lease again', () => {
    watched.start({ epoch: 2, primary: 'b', phase: 'failing-over' });
    watched.says('a', undefined);
    expect(watched.pass(0)).toMatchObject({ actions: [{ type: 'promote', member: 'b' }] });
  });

  test('chooses another when the one that is promoted falls silent', () => {
    watched.start({ epoch: 2, primary: 'b', phase: 'failing-over' });
    watched.says('a', undefined);
    watched.pass(500);
    watched.says('b', undefined);
    expect(watched.remember(watched.pass(10_000))).toMatchObject({ epoch: 3, primary: 'c' });
  });

  test('fences an old primary that comes back', () => {
    watched.start({ epoch: 2, primary: 'b' });
    watched.says('b', { ...primary, epoch: 2 });
    watched.says('c', { follows: 'b' });
    expect(watched.pass(0)).toMatchObject({ actions: [{ type: 'fence', member: 'a' }] });
    watched.says('a', { readOnly: true });
    expect(watched.pass(0)).toMatchObject({ actions: [] });
  });

  test('is stuck when nobody can be promoted, until the primary comes back', () => {
    watched.pass(1_000);
    for (const name of ['a', 'b', 'c']) watched.says(name, undefined);
    expect(watched.remember(watched.pass(20_000, false))).toMatchObject({ epoch: 1, phase: 'stuck' });
    expect(watched.nowMs).toBeGreaterThanOrEqual(leaseMs + stuckMs);
    watched.says('a', primary);
    expect(watched.remember(watched.pass(2_000))).toMatchObject({ epoch: 1, phase: 'steady' });
  });

  test('waits for a command where it is cold', () => {
    watched.start({ mode: 'cold' });
    watched.says('a', undefined);
    expect(watched.pass(60_000).kind).toBe('act');
    watched.failover.order(undefined, watched.nowMs);
    expect(watched.remember(watched.pass(1_000))).toMatchObject({ epoch: 2, primary: 'b' });
  });

  test('by command fences the primary, and promotes who has everything that it had', () => {
    watched.pass(1_000);
    watched.says('a', { lsn: 150n });
    watched.failover.order('c', watched.nowMs);
    const decision = watched.pass(leaseMs + marginMs);
    expect(decision).toMatchObject({ actions: [{ type: 'fence', member: 'a' }], renew: false });
    watched.says('a', { readOnly: true });
    watched.pass(500);
    watched.says('c', { lsn: 150n });
    watched.says('b', { lsn: 150n });
    expect(watched.remember(watched.pass(1_000))).toMatchObject({ epoch: 2, primary: 'c' });
  });

  test('by command that cannot be obeyed is refused, and the primary goes on', () => {
    watched.pass(1_000);
    watched.says('c', undefined);
    watched.failover.order('c', watched.nowMs);
    watched.says('a', { readOnly: true });
    expect(watched.pass(20_000)).toMatchObject({ refused: 'c cannot be reached' });
    expect(watched.pass(0)).toMatchObject({ actions: [{ type: 'open', member: 'a' }] });
    watched.says('a', { readOnly: false });
    expect(watched.pass(10_000)).toMatchObject({ kind: 'act', renew: true, actions: [] });
  });

  test('by a supervisor that was asleep itself listens first', () => {
    watched.pass(1_000);
    watched.nowMs += 60_000;
    expect(watched.pass(10_000)).toMatchObject({ kind: 'act', renew: true });
  });

  test('has a replica cloned that has log which the primary never had, once', () => {
    watched.start({ epoch: 2, primary: 'b' });
    watched.says('a', undefined);
    const ends = [{ timeline: 1, lsn: 80n }];
    watched.says('b', { ...primary, epoch: 2, timeline: 2, sending: { ...keepsForAll, ends } });
    watched.says('c', { follows: 'b', streaming: false });
    const memory = watched.remember(watched.pass(10_000));
    expect(memory.cloneOrders).toEqual({ c: 1 });
    expect(watched.nowMs).toBeGreaterThanOrEqual(strayMs);
    expect(watched.pass(10_000)).toMatchObject({ kind: 'act', actions: [] });
  });

  test('waits for a replica that is only cut off from the primary', () => {
    watched.says('c', { streaming: false, lsn: 50n });
    expect(watched.pass(60_000)).toMatchObject({ kind: 'act', renew: true, actions: [] });
  });
});
