import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault as WireFault } from '#generated/tristate/control/v1/control.js';
import { createLogger } from '../logging/logger.js';
import { Metrics } from '../metrics/metrics.js';
import type { ProtocolEvent } from '../trace/protocol-event.js';
import { Trace } from '../trace/trace.js';
import { ActiveFaults } from './active-faults.js';
import { InjectedFault } from './failpoints.js';
import { wakeUp } from './own-process.js';

const point = 'coordinator.decision.after-log';
const order = { gid: 'gid-1', correlationId: 'watched' };
const other = { gid: 'gid-2', correlationId: 'other' };

function fault(change: Partial<WireFault> = {}): WireFault {
  return {
    id: 'fault-1',
    point,
    action: 'error',
    leftMs: 10_000,
    durationMs: 0,
    percent: 100,
    nth: 1,
    times: 0,
    correlationId: '',
    ...change,
  };
}

describe('the faults of a process', () => {
  let now: number;
  let chance: number;
  let events: ProtocolEvent[];
  let done: string[];
  let faults: ActiveFaults;
  let metrics: Metrics;

  beforeEach(() => {
    now = 0;
    chance = 0;
    events = [];
    done = [];
    metrics = new Metrics({ service: 'test', process: 'test' });
    faults = new ActiveFaults({
      trace: new Trace('coordinator-1', (event) => events.push(event)),
      metrics,
      logger: createLogger({ name: 'test', service: 'order', logLevel: 'silent' }),
      random: () => chance,
      nowMs: () => now,
      process: {
        kill: () => done.push('killed'),
        pause: (durationMs) => Promise.resolve(void done.push(`paused ${durationMs}`)),
      },
    });
  });

  /** How often of ten times the fault acts. */
  const actsOfTen = async (occasion = order): Promise<number> => {
    let acted = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      const hit = faults.hit(point, occasion);
      if (hit === undefined) continue;
      await expect(hit).rejects.toThrow(InjectedFault);
      acted += 1;
    }
    return acted;
  };

  it('does nothing where no fault waits', () => {
    expect(faults.hit(point, order)).toBeUndefined();
    faults.replace([fault()]);
    expect(faults.hit('coordinator.decision.before-log', order)).toBeUndefined();
  });

  it.each<[string, Partial<WireFault>, number]>([
    ['always', {}, 10],
    ['from the third time on', { nth: 3 }, 8],
    ['at most twice', { times: 2 }, 2],
    ['once, the third time', { nth: 3, times: 1 }, 1],
    ['for a request that is not this one', { correlationId: 'other' }, 0],
    ['for this request', { correlationId: 'watched' }, 10],
  ])('acts %s', async (_name, change, expected) => {
    faults.replace([fault(change)]);
    expect(await actsOfTen()).toBe(expected);
  });

  it('counts only the request that it is meant for', async () => {
    faults.replace([fault({ correlationId: 'watched', nth: 2, times: 1 })]);
    expect(await actsOfTen(other)).toBe(0);
    expect(faults.hit(point, order)).toBeUndefined();
    await expect(faults.hit(point, order)).rejects.toThrow(InjectedFault);
  });

  it('acts in the given percentage', async () => {
    faults.replace([fault({ percent: 30 })]);
    let acted = 0;
    for (let hundredth = 0; hundredth < 100; hundredth += 1) {
      chance = hundredth / 100;
      const hit = faults.hit(point, order);
      if (hit === undefined) continue;
      acted += 1;
      await expect(hit).rejects.toThrow(InjectedFault);
    }
    expect(acted).toBe(30);
  });

  it('ends when its time is up, by the monotonic clock', async () => {
    faults.replace([fault({ leftMs: 1_000 })]);
    now = 999;
    expect(await actsOfTen()).toBe(10);
    now = 1_000;
    expect(await actsOfTen()).toBe(0);
  });

  it('keeps its counts and its end when the set is sent again', async () => {
    faults.replace([fault({ times: 12, leftMs: 1_000 })]);
    expect(await actsOfTen()).toBe(10);
    faults.replace([fault({ times: 12, leftMs: 5_000 }), fault({ id: 'fault-2', correlationId: 'nobody' })]);
    expect(await actsOfTen()).toBe(2);
    now = 1_000;
    faults.replace([fault({ times: 0, leftMs: 5_000 })]);
    expect(await actsOfTen()).toBe(0);
  });

  it('finishes its last delay when it is gone because it has acted as often as it may', async () => {
    faults.replace([fault({ action: 'delay', durationMs: 60, times: 1 })]);
    const started = performance.now();
    const delayed = faults.hit(point, order);
    faults.replace([]);
    expect(await delayed).toBe('go');
    expect(performance.now() - started).toBeGreaterThanOrEqual(50);
  });

  it('is gone when it is not in the set any more, and its delays with it', async () => {
    faults.replace([fault({ action: 'delay', durationMs: 9_000 })]);
    const delayed = faults.hit(point, order);
    faults.replace([]);
    expect(await delayed).toBe('go');
    expect(faults.size).toBe(0);
    expect(faults.hit(point, order)).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['inventory.prepare.before-reply', 'drop-reply', 'drop'],
    ['inventory.prepare.after-receive', 'drop-request', 'drop'],
    ['inventory.prepare.after-receive', 'duplicate', 'duplicate'],
    ['inventory.prepare.after-log', 'delay', 'go'],
  ])('at %s, %s makes it %s', async (where, action, expected) => {
    faults.replace([fault({ point: where, action, durationMs: 1 })]);
    expect(await faults.hit(where as typeof point, order)).toBe(expected);
  });

  it('lets a lost message be lost, whatever else acts there', async () => {
    const at = { point: 'inventory.prepare.after-receive' };
    faults.replace([
      fault({ ...at, id: 'a', action: 'duplicate' }),
      fault({ ...at, id: 'b', action: 'drop-request' }),
      fault({ ...at, id: 'c', action: 'delay', durationMs: 1 }),
    ]);
    expect(await faults.hit('inventory.prepare.after-receive', order)).toBe('drop');
  });

  it('tells before it kills or pauses, and pauses no longer than the fault is there', async () => {
    faults.reportTo(({ action }, gid, _atUs, mustArrive) => {
      done.push(`told ${action} ${gid} ${mustArrive}`);
      return Promise.resolve();
    });
    faults.replace([
      fault({ id: 'a', action: 'pause', durationMs: 60_000 }),
      fault({ id: 'b', action: 'crash' }),
    ]);
    await faults.hit(point, order);
    expect(done).toEqual(['told pause gid-1 true', 'paused 10000', 'told crash gid-1 true', 'killed']);
  });

  it('notes each act in the trace and in the metrics', async () => {
    faults.replace([fault({ action: 'delay', durationMs: 1, times: 2 })]);
    for (let turn = 0; turn < 3; turn += 1) await faults.hit(point, order);
    expect(events.map(({ gid, process, what }) => ({ gid, process, what }))).toEqual(
      Array(2).fill({
        gid: 'gid-1',
        process: 'coordinator-1',
        what: { kind: 'fault', point, action: 'delay' },
      }),
    );
    const counted = await metrics.registry.getSingleMetricAsString('faults_acted_total');
    expect(counted).toContain('action="delay"');
    expect(counted).toMatch(/ 2$/m);
  });

  it.each<[string, Partial<WireFault>]>([
    ['an unknown point', { point: 'coordinator.decision.after-lunch' }],
    ['an unknown action', { action: 'format-disk' }],
    ['an action that cannot happen there', { action: 'drop-request' }],
    ['no percentage', { percent: 0 }],
    ['over 100 percent', { percent: 101 }],
    ['a time before the first', { nth: 0 }],
    ['a negative count', { times: -1 }],
    ['no time to live', { leftMs: 0 }],
    ['a time to live of a day', { leftMs: 86_400_000 }],
    ['a delay of an hour', { durationMs: 3_600_000 }],
  ])('does not take over %s, but what is right beside it', async (_name, change) => {
    faults.replace([fault(change), fault({ id: 'right' })]);
    expect(faults.size).toBe(1);
    expect(await actsOfTen()).toBe(10);
  });

  it('holds at most 64', () => {
    faults.replace(Array.from({ length: 100 }, (_, index) => fault({ id: `fault-${index}` })));
    expect(faults.size).toBe(64);
  });
});

describe('the script that wakes a paused process up', () => {
  it('is made of numbers', () => {
    expect(wakeUp(4711, 2_250)).toBe(
      'sleep 0.250; i=0; while [ $i -lt 2 ] && kill -0 4711; do sleep 1; i=$((i+1)); done; kill -CONT 4711',
    );
    expect(wakeUp(4711.9, 0.2)).toMatch(/^sleep 0\.001;.* kill -CONT 4711$/);
    expect(wakeUp(Number('1; rm'), Number.NaN)).not.toContain('rm');
  });
});
