import { beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging/logger.js';
import { AuditLog } from './audit-log.js';
import { FaultBoard, type FaultRequest, type FaultView } from './fault-board.js';
import { targetsOf, type Target } from './targets.js';

const silent = createLogger({ name: 'test', service: 'registry', logLevel: 'silent' });
const crash: FaultRequest = { point: 'coordinator.decision.after-log', action: 'crash', ttlMs: 10_000 };
const drop: FaultRequest = { point: 'inventory.prepare.before-reply', action: 'drop-reply', ttlMs: 10_000 };

const processes = ['coordinator-1', 'coordinator-2', 'inventory-1', 'inventory-2', 'account', 'registry'].map(
  (name, index) => ({
    name,
    service: name.replace(/-\d+$/, ''),
    httpAddress: '127.0.0.1:1',
    grpcAddress: `127.0.0.1:${index + 2}`,
  }),
);

describe('the faults of the shop', () => {
  let now: number;
  let changes: number;
  let audit: AuditLog;
  let board: FaultBoard;

  const newBoard = (targets: readonly Target[]): FaultBoard =>
    new FaultBoard({ targets, audit, changed: () => (changes += 1), nowMs: () => now });

  beforeEach(() => {
    now = 0;
    changes = 0;
    audit = new AuditLog(silent);
    board = newBoard(targetsOf({ stage: 10, url: '', processes }));
  });

  const add = (request: FaultRequest): FaultView => {
    const added = board.add(request);
    if (added.result === 'refused') throw new Error(`${added.code}: ${added.detail}`);
    return added.fault;
  };

  it.each<[string, Partial<FaultRequest>, string, RegExp]>([
    ['an unknown failpoint', { point: 'coordinator.lunch.before-log' }, 'unknown-failpoint', /lunch/],
    ['a failpoint that is none', { point: '__proto__' }, 'unknown-failpoint', /__proto__/],
    ['an unknown action', { action: 'format-disk' }, 'unknown-action', /crash, pause/],
    ['an action of Object', { action: 'toString' }, 'unknown-action', /toString/],
    ['an action that cannot happen there', { action: 'duplicate' }, 'action-not-possible-here', /delay/],
    ['an unknown process', { process: 'coordinator-3' }, 'unknown-target', /coordinator-1, coordinator-2/],
    ['a process that never gets there', { process: 'inventory-1' }, 'unknown-target', /coordinator-1/],
    ['a point of a service that does not run', { point: 'order.prepare.before-log' }, 'unknown-target', /no/],
  ])('refuses %s, and changes nothing', (_name, change, code, detail) => {
    const added = board.add({ ...crash, ...change });
    expect(added).toEqual({ result: 'refused', code, detail: expect.stringMatching(detail) });
    expect([board.list(), audit.list(), changes]).toEqual([[], [], 0]);
  });

  it('refuses all where the services share one process, and knows no points there', () => {
    const alone = [{ name: 'monolith', service: 'monolith', httpAddress: '127.0.0.1:1' }];
    board = newBoard(targetsOf({ stage: 1, url: '', processes: alone }));
    expect(board.add(crash)).toMatchObject({ result: 'refused', code: 'no-failpoints-here' });
    expect(board.points()).toEqual([]);
  });

  it('refuses more than can be kept', () => {
    for (let i = 0; i < 64; i += 1) add(drop);
    expect(board.add(drop)).toMatchObject({ result: 'refused', code: 'limit-reached' });
    now = 10_000;
    expect(board.add(drop)).toMatchObject({ result: 'added' });
  });

  it('lists the points that processes reach, with what can happen there', () => {
    const points = new Map(board.points().map(({ point, actions }) => [point, actions]));
    expect(points.get('coordinator.decision.after-log')).toEqual(['crash', 'pause', 'delay', 'error']);
    expect(points.get('inventory.prepare.before-reply')).toContain('drop-reply');
    expect(points.has('order.prepare.before-reply')).toBe(false);
  });

  it.each<[string | undefined, string[]]>([
    [undefined, ['inventory-1', 'inventory-2']],
    ['inventory', ['inventory-1', 'inventory-2']],
    ['inventory-2', ['inventory-2']],
  ])('is meant for the processes of %s', (process, expected) => {
    expect(add({ ...drop, process }).processes).toEqual(expected);
    const told = processes.map(({ name }) => name).filter((name) => board.faultsOf(name).length > 0);
    expect(told).toEqual(expected);
  });

  it('crashes once when nothing else is said, and does everything else without limit', () => {
    expect(add(crash)).toMatchObject({ times: 1, percent: 100, nth: 1 });
    expect(add({ ...crash, times: 3 })).toMatchObject({ times: 3 });
    expect(add(drop)).not.toHaveProperty('times');
    expect(add({ ...drop, action: 'pause' })).toMatchObject({ durationMs: 5_000 });
    expect(add({ ...drop, action: 'delay', durationMs: 7 })).toMatchObject({ durationMs: 7 });
  });

  it('ends when its time is up, and says so in the audit log', () => {
    const { id } = add(drop);
    now = 9_999;
    expect(board.list()).toMatchObject([{ id, leftMs: 1 }]);
    expect(board.faultsOf('inventory-1')).toMatchObject([{ id, leftMs: 1 }]);
    now = 10_000;
    expect(board.faultsOf('inventory-1')).toEqual([]);
    expect(board.list()).toEqual([]);
    expect(board.listEnded()).toMatchObject([{ id, ended: 'time-is-up' }]);
    expect(audit.list()).toMatchObject([
      { who: 'registry', what: 'fault-ended', detail: { id, ended: 'time-is-up' } },
      { who: 'admin', what: 'fault-added', detail: { id } },
    ]);
  });

  it('can be taken back once', () => {
    const { id } = add(drop);
    add(crash);
    expect([board.remove(id), board.remove(id), board.remove('')]).toEqual([true, false, false]);
    expect([board.removeAll(), board.removeAll()]).toEqual([1, 0]);
    expect(audit.list().filter(({ what }) => what === 'fault-removed')).toHaveLength(2);
  });

  it('leaves each process as often as all of them together may still act', () => {
    const { id } = add({ ...drop, times: 5 });
    const left = (process: string): number | undefined => board.faultsOf(process)[0]?.times;
    board.acted('inventory-1', id);
    board.acted('inventory-1', id);
    board.acted('inventory-2', id);
    // What a process has counted by itself, it takes off by itself.
    expect([left('inventory-1'), left('inventory-2')]).toEqual([4, 3]);
    board.detached('inventory-1');
    expect([left('inventory-1'), left('inventory-2')]).toEqual([2, 3]);
    board.acted('inventory-1', id);
    board.acted('inventory-2', id);
    expect(board.faultsOf('inventory-1')).toEqual([]);
    expect(board.listEnded()).toMatchObject([{ id, ended: 'acted-often-enough', acted: 5 }]);
    expect(board.acted('inventory-2', id)).toMatchObject({ id });
    expect(board.acted('inventory-2', 'nobody')).toBeUndefined();
  });
});
