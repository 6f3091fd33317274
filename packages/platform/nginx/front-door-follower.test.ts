import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { asConfigured, type MemberView, type View } from '../membership/view.js';
import { FrontDoorFollower } from './front-door-follower.js';
import type { FrontDoor } from './front-door.js';
import { followView } from './upstreams-of-view.js';

const planned: FrontDoor = {
  listen: '127.0.0.1:8080',
  workers: 1,
  upstreamKeepAlive: 8,
  orderDeadlineMs: 2_000,
  strategy: 'round-robin',
  upstreams: new Map([
    ['order', [1, 2, 3].map((index) => ({ address: `10.0.0.${index}:80`, weight: 100 }))],
    ['registry', [{ address: '10.0.1.1:80', weight: 100 }]],
  ]),
};

const order = (index: number, change: Partial<MemberView> = {}): MemberView => ({
  name: `order-${index}`,
  service: 'order',
  httpAddress: `10.0.0.${index}:80`,
  grpcAddress: '',
  state: 'alive',
  draining: false,
  slowStartShare: 1,
  underPressure: false,
  weight: 100,
  ...change,
});

const view = (version: number, members: readonly MemberView[], change: Partial<View> = {}): View => ({
  epoch: 1,
  version,
  settled: true,
  detector: 'phi-accrual',
  balancing: asConfigured,
  shedding: '',
  members,
  ...change,
});

const all = [order(1), order(2), order(3)];
const door = { planned, keepShare: 0.5 };

describe('the front door for a view', () => {
  const ordersFor = (members: readonly MemberView[]): unknown =>
    followView(door, view(1, members)).upstreams.get('order');
  const [one, two, three] = [1, 2, 3].map((index) => ({ address: `10.0.0.${index}:80`, weight: 100 }));

  test('leaves out who is dead, leaving, drained or not there, and keeps their places', () => {
    for (const change of [{ state: 'dead' }, { state: 'leaving' }, { draining: true }] as const)
      expect(ordersFor([order(3), order(2, change), order(1)])).toEqual([one, { ...two, down: true }, three]);
    expect(ordersFor([order(3), order(1)])).toEqual([one, { ...two, down: true }, three]);
  });

  test('keeps all when too many are dead, and all as planned when nobody is known', () => {
    expect(ordersFor([order(1), order(2, { state: 'dead' }), order(3, { state: 'dead' })])).toEqual([
      one,
      two,
      three,
    ]);
    expect(ordersFor([])).toEqual([one, two, three]);
  });

  test('takes weights, slow starts, pressure, copies that nobody planned, and the strategy from the view', () => {
    const members = [order(1, { slowStartShare: 0.25 }), order(2, { weight: 300 }), order(3), order(9)];
    expect(ordersFor(members)).toEqual([
      { ...one, slowStartShare: 0.25 },
      { ...two, weight: 300 },
      three,
      { address: '10.0.0.9:80', weight: 100 },
    ]);
    expect(ordersFor([order(1, { underPressure: true }), order(2), order(3)])).toEqual([
      { ...one, underPressure: true },
      two,
      three,
    ]);
    const balancing = { ...asConfigured, frontDoor: 'least-conn' };
    expect(followView(door, view(1, all, { balancing })).strategy).toBe('least-conn');
    expect(followView(door, view(1, all, { balancing: { ...balancing, frontDoor: 'new' } })).strategy).toBe(
      'round-robin',
    );
  });

  test('refuses what is too much as it is configured, until somebody switches it', () => {
    const limits = { enabled: true, ordersUnderWay: 2, readsUnderWay: 3 };
    const limited = { ...door, planned: { ...door.planned, limits } };
    const enabled = (change: Partial<View>): boolean | undefined =>
      followView(limited, view(1, all, change)).limits?.enabled;
    expect([enabled({}), enabled({ shedding: 'off' }), enabled({ shedding: 'on' })]).toEqual([
      true,
      false,
      true,
    ]);
    expect(followView(door, view(1, all, { shedding: 'on' })).limits).toBeUndefined();
  });
});

describe('the follower', () => {
  const pauseMs = 20;
  let reloads: string[];
  let pressed: readonly string[];
  let lines: string[];
  let complaint: string | undefined;
  let follower: FrontDoorFollower;

  const settle = (): Promise<void> => delay(5 * pauseMs);
  const drained = [order(1), order(2, { draining: true }), order(3)];

  beforeEach(() => {
    reloads = [];
    pressed = [];
    lines = [];
    complaint = undefined;
    follower = newFollower(planned);
  });

  const newFollower = (plannedDoor: FrontDoor): FrontDoorFollower =>
    new FrontDoorFollower({
      planned: plannedDoor,
      keepShare: 0.5,
      pauseMs,
      nginx: {
        test: () => Promise.resolve(complaint),
        reload: (configuration) => void reloads.push(configuration),
        press: (services) => void (pressed = services),
      },
      onLine: (text) => void lines.push(text),
    });

  test('reloads nginx when the text changes, and not when it stays the same', async () => {
    follower.take(view(1, all));
    await settle();
    expect(reloads).toEqual([]);
    follower.take(view(2, drained));
    await settle();
    follower.take(view(3, drained));
    await settle();
    expect(reloads).toHaveLength(1);
    expect(reloads[0]).toContain('server 10.0.0.2:80 max_fails=0 down;');
    expect(reloads[0]).toContain('X-Front-Door-View 1.2');
  });

  test('puts changes that come close together in force at once', async () => {
    follower.take(view(2, drained));
    for (let version = 3; version < 50; version += 1)
      follower.take(view(version, [order(1, { weight: version }), order(2), order(3)]));
    await settle();
    expect(reloads).toHaveLength(2);
    expect(reloads[1]).toContain('X-Front-Door-View 1.49');
  });

  test('says who is under pressure at once, and reloads nothing for it', async () => {
    const limits = { enabled: true, ordersUnderWay: 2, readsUnderWay: 3 };
    follower = newFollower({ ...planned, limits });
    follower.take(view(1, [order(1, { underPressure: true }), order(2, { underPressure: true }), order(3)]));
    expect(pressed).toEqual(['order']);
    follower.take(view(2, all));
    expect(pressed).toEqual([]);
    await settle();
    expect(reloads).toEqual([]);
  });

  test('keeps what nginx has when it would not take the new, and tries again with the next', async () => {
    complaint = 'no such directive';
    follower.take(view(2, drained));
    await settle();
    expect([reloads, lines]).toEqual([[], [expect.stringContaining('no such directive')]]);
    complaint = undefined;
    follower.take(view(3, [order(1), order(2), order(3, { draining: true })]));
    await settle();
    expect(reloads).toHaveLength(1);
  });

  test('changes nothing for a registry that has just started, or that has forgotten a service', async () => {
    follower.take(view(2, drained));
    await settle();
    follower.take(view(1, [], { epoch: 2, settled: false }));
    follower.take(view(2, [], { epoch: 2 }));
    await settle();
    expect(reloads).toHaveLength(1);
  });
});
