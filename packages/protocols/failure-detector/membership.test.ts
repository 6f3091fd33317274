import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultMembership } from './defaults.js';
import type { Heartbeat, MemberState } from './member.js';
import { Membership, type MembershipEffect, type MembershipOptions, type ProbeAnswer } from './membership.js';

const { intervalMs, warmUpMs, slowStartMs, forgetMs } = defaultMembership;
const tickMs = 50;

/** A registry whose members beat in virtual time unless they are told not to. */
class Watched {
  nowMs = 0;
  readonly membership: Membership;
  readonly beating = new Map<string, Heartbeat>();
  readonly transitions: string[] = [];
  /** What probes come back with; silent ones take time. */
  answer: ProbeAnswer = 'answered';
  probes = 0;
  private readonly answers: { atMs: number; name: string; incarnation: number; answer: ProbeAnswer }[] = [];

  constructor(change: Partial<MembershipOptions> = {}) {
    this.membership = new Membership({ ...defaultMembership, ...change }, 0);
  }

  join(name: string, incarnation = 1): void {
    this.beating.set(name, heartbeatOf(name, incarnation));
    this.beat(name);
  }

  beat(name: string, change: Partial<Heartbeat> = {}): void {
    const heartbeat = this.beating.get(name);
    if (heartbeat === undefined) throw new Error(`${name} does not beat`);
    this.take(
      this.membership.handle({ kind: 'beat', atMs: this.nowMs, heartbeat: { ...heartbeat, ...change } }),
    );
  }

  pass(forMs: number): void {
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs;) {
      this.nowMs += tickMs;
      for (const due of this.answers.splice(0))
        if (due.atMs > this.nowMs) this.answers.push(due);
        else this.take(this.membership.handle({ ...due, kind: 'probed', atMs: this.nowMs }));
      if (this.nowMs % intervalMs === 0) for (const name of this.beating.keys()) this.beat(name);
      this.take(this.membership.handle({ kind: 'tick', atMs: this.nowMs }));
    }
  }

  /** It stops to beat, as one that is paused or cut off. */
  fallSilent(name: string, answer: ProbeAnswer): void {
    this.beating.delete(name);
    this.answer = answer;
  }

  kill(name: string): void {
    const { incarnation = 0 } = this.beating.get(name) ?? {};
    this.fallSilent(name, 'refused');
    this.take(this.membership.handle({ kind: 'stream-lost', atMs: this.nowMs, name, incarnation }));
  }

  stateOf(name: string): MemberState | undefined {
    return this.membership.view(this.nowMs).find((one) => one.name === name)?.state;
  }

  shareOf(name: string): number | undefined {
    return this.membership.view(this.nowMs).find((one) => one.name === name)?.slowStartShare;
  }

  private take(effects: readonly MembershipEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'transition') this.transitions.push(`${effect.name} ${effect.to}`);
      else {
        this.probes += 1;
        const afterMs = this.answer === 'silent' ? 150 : 0;
        this.answers.push({ ...effect, atMs: this.nowMs + afterMs, answer: this.answer });
      }
    }
  }
}

function heartbeatOf(name: string, incarnation: number): Heartbeat {
  const service = name.replace(/-\d+$/, '');
  const addresses = { httpAddress: `${name}:80`, grpcAddress: `${name}:81` };
  const load = { load: 0, inFlight: 0, eventLoopLagMs: 0 };
  return {
    name,
    service,
    incarnation,
    ...addresses,
    version: '',
    ...load,
    leaving: false,
    underPressure: false,
  };
}

describe.each(['periodic', 'phi-accrual'] as const)('membership by the %s detector', (detector) => {
  let watched: Watched;
  beforeEach(() => {
    watched = new Watched({ detector });
    for (const name of ['order-1', 'order-2']) watched.join(name);
    watched.pass(warmUpMs + 2_000);
    watched.transitions.length = 0;
  });

  test('evicts a killed process in the time that one probe takes', () => {
    watched.kill('order-1');
    watched.pass(tickMs);
    expect(watched.stateOf('order-1')).toBe('dead');
    expect(watched.transitions).toEqual(['order-1 suspect', 'order-1 dead']);
    expect(watched.stateOf('order-2')).toBe('alive');
  });

  test('evicts a machine that fell silent only after its probes were left unanswered, and then soon', () => {
    watched.fallSilent('order-1', 'silent');
    watched.pass(2_500);
    expect(watched.stateOf('order-1')).toBe('dead');
    expect(watched.probes).toBe(defaultMembership.probes);
  });

  test('keeps a process whose beats are lost and that answers probes', () => {
    watched.fallSilent('order-1', 'answered');
    watched.pass(20_000);
    expect(watched.transitions).not.toContain('order-1 dead');
    expect(watched.probes).toBeGreaterThan(2);
  });

  test('does not take a broken stream for a death', () => {
    watched.answer = 'silent';
    const stream = { name: 'order-1', incarnation: 1 } as const;
    watched.membership.handle({ kind: 'stream-lost', atMs: watched.nowMs, ...stream });
    watched.pass(3_000);
    expect(watched.stateOf('order-1')).toBe('alive');
  });

  test('judges nobody for the time in which it slept itself', () => {
    watched.nowMs += 30_000;
    watched.membership.handle({ kind: 'tick', atMs: watched.nowMs });
    watched.pass(1_000);
    expect(watched.transitions).toEqual([]);
  });
});

describe('membership', () => {
  let watched: Watched;
  beforeEach(() => {
    watched = new Watched();
    for (const name of ['order-1', 'order-2']) watched.join(name);
    watched.pass(warmUpMs + 200);
    watched.transitions.length = 0;
  });

  test('is not settled before the members had time to find the registry, and gives them their full share then', () => {
    const young = new Watched();
    young.join('order-1');
    expect([young.membership.isSettled(warmUpMs - 1), young.membership.isSettled(warmUpMs)]).toEqual([
      false,
      true,
    ]);
    expect(young.shareOf('order-1')).toBe(1);
    young.pass(warmUpMs - 200);
    young.join('order-2');
    young.pass(warmUpMs - 50);
    expect(young.membership.isSettled(young.nowMs)).toBe(false);
    young.pass(50);
    expect(young.membership.isSettled(young.nowMs)).toBe(true);
  });

  test('lets a restarted process in at once, and gives it its share step by step', () => {
    watched.kill('order-1');
    watched.pass(3_000);
    watched.join('order-1', 2);
    const shares = [0, slowStartMs / 2, slowStartMs / 2].map((ms) => {
      watched.pass(ms);
      return watched.shareOf('order-1');
    });
    expect(shares).toEqual([0.25, 0.5, 1]);
    expect(watched.stateOf('order-1')).toBe('alive');
  });

  test('ignores what an earlier process of the same name has sent', () => {
    watched.join('order-1', 5);
    watched.beat('order-1', { incarnation: 1, leaving: true });
    watched.membership.handle({ kind: 'stream-lost', atMs: watched.nowMs, name: 'order-1', incarnation: 1 });
    expect(watched.stateOf('order-1')).toBe('alive');
  });

  test('lets a process that was evicted and beats again back after a few steady beats', () => {
    const silent = watched.beating.get('order-1');
    watched.fallSilent('order-1', 'silent');
    watched.pass(4_000);
    expect(watched.stateOf('order-1')).toBe('dead');
    if (silent !== undefined) watched.beating.set('order-1', silent);
    watched.pass(intervalMs * 2);
    expect(watched.stateOf('order-1')).toBe('dead');
    watched.pass(intervalMs * 3);
    expect(watched.stateOf('order-1')).toBe('alive');
    expect(watched.shareOf('order-1')).toBe(0.25);
  });

  test('makes a process that dies again and again wait longer each time', () => {
    const waits: number[] = [];
    for (let incarnation = 2; incarnation < 7; incarnation += 1) {
      watched.kill('order-1');
      watched.pass(200);
      watched.join('order-1', incarnation);
      const joinedAtMs = watched.nowMs;
      while (watched.stateOf('order-1') !== 'alive') watched.pass(tickMs);
      waits.push(watched.nowMs - joinedAtMs);
    }
    expect(waits).toEqual([0, 1_000, 2_000, 4_000, 8_000]);
  });

  test('takes a process that says that it ends for gone, not for dead', () => {
    watched.beat('order-1', { leaving: true });
    expect(watched.stateOf('order-1')).toBe('leaving');
    watched.kill('order-1');
    expect(watched.transitions).toEqual(['order-1 leaving', 'order-1 left']);
    expect(watched.stateOf('order-1')).toBeUndefined();
  });

  test('forgets the dead after a while', () => {
    watched.kill('order-1');
    watched.pass(forgetMs + 200);
    expect(watched.stateOf('order-1')).toBeUndefined();
    expect(watched.transitions.at(-1)).toBe('order-1 forgotten');
  });

  test('drains no member that is unknown, dead, or the last one of its service', () => {
    const { membership } = watched;
    expect(membership.checkDrain('order-7')).toBe('unknown-member');
    expect(membership.checkDrain('order-1')).toBeUndefined();
    membership.handle({ kind: 'drain', atMs: watched.nowMs, name: 'order-1', draining: true });
    expect(membership.checkDrain('order-2')).toBe('last-member');
    membership.handle({ kind: 'drain', atMs: watched.nowMs, name: 'order-1', draining: false });
    watched.kill('order-1');
    watched.pass(200);
    expect(membership.checkDrain('order-1')).toBe('unknown-member');
    expect(membership.checkDrain('order-2')).toBe('last-member');
  });

  test('switches its detector while somebody is suspected, and comes to an end with either', () => {
    watched.membership.handle({ kind: 'detector', atMs: watched.nowMs, detector: 'periodic' });
    watched.fallSilent('order-1', 'silent');
    watched.pass(700);
    expect(watched.stateOf('order-1')).toBe('suspect');
    watched.membership.handle({ kind: 'detector', atMs: watched.nowMs, detector: 'phi-accrual' });
    watched.pass(600);
    expect(watched.stateOf('order-1')).toBe('suspect');
    watched.pass(1_000);
    expect(watched.stateOf('order-1')).toBe('dead');
  });

  test('never evicts without a refused probe or as many silent ones as it has, whatever comes in whatever order', () => {
    const event = fc.oneof(
      fc.constant('beat' as const),
      fc.constant('lost' as const),
      fc.constant('answered' as const),
      fc.constant('silent' as const),
      fc.nat({ max: 3_000 }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const membership = new Membership(defaultMembership, 0);
        const heartbeat = heartbeatOf('order-1', 1);
        const address = { name: 'order-1', incarnation: 1 };
        let atMs = 0;
        let silent = 0;
        let pending = 0;
        membership.handle({ kind: 'beat', atMs, heartbeat });
        for (const what of events) {
          let effects: MembershipEffect[] = [];
          if (typeof what === 'number') effects = membership.handle({ kind: 'tick', atMs: (atMs += what) });
          else if (what === 'beat') effects = membership.handle({ kind: 'beat', atMs, heartbeat });
          else if (what === 'lost') effects = membership.handle({ kind: 'stream-lost', atMs, ...address });
          else if (pending > 0) {
            pending -= 1;
            silent = what === 'silent' ? silent + 1 : 0;
            effects = membership.handle({ kind: 'probed', atMs, ...address, answer: what });
          }
          for (const effect of effects) {
            if (effect.kind === 'probe') pending += 1;
            else if (effect.to === 'dead') expect(silent).toBeGreaterThanOrEqual(defaultMembership.probes);
          }
        }
      }),
    );
  });
});
