import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '#platform/logging/logger.js';
import { AuditLog } from './audit-log.js';
import { BalancingBoard, type BalancedMember } from './balancing-board.js';

const silent = createLogger({ name: 'test', service: 'registry', logLevel: 'silent' });
const configured = { frontDoor: 'round-robin', grpc: 'ewma', adaptive: false } as const;

const member = (name: string, load = 0.5, isSettled = true): BalancedMember => ({
  name,
  service: name.split('-')[0] ?? '',
  load,
  isSettled,
});

describe('the balancing of the shop', () => {
  let members: BalancedMember[];
  let told: number;
  let audit: AuditLog;
  let board: BalancingBoard;

  beforeEach(() => {
    members = [member('order-1'), member('order-2'), member('account-1')];
    told = 0;
    audit = new AuditLog(silent);
    board = new BalancingBoard({ configured, members: () => members, audit, changed: () => (told += 1) });
  });
  afterEach(() => board.close());

  test('is as configured until somebody changes a part of it', () => {
    expect(board.current()).toEqual({
      ...configured,
      weights: { 'order-1': 100, 'order-2': 100, 'account-1': 100 },
    });
    expect(board.change({ frontDoor: 'weighted', weights: { 'order-2': 300 } })).toBeUndefined();
    expect(board.view()).toEqual({ ...configured, frontDoor: 'weighted' });
    expect([board.weightOf('order-1'), board.weightOf('order-2')]).toEqual([100, 300]);
    expect(told).toBe(1);
    expect(audit.list().map(({ what }) => what)).toEqual(['balancing-changed']);
  });

  test.each([
    [{ frontDoor: 'ewma' }, 'unknown-strategy', /frontDoor: there is no ewma; there are round-robin, /],
    [{ grpc: 'fastest' }, 'unknown-strategy', /grpc: there is no fastest/],
    [{ weights: { 'order-9': 5 } }, 'unknown-member', /no member order-9; there are order-1, /],
    [{ weights: { 'order-1': 0 } }, 'weight-out-of-range', /1 to 1000, not 0/],
    [{ weights: { 'order-1': -5 } }, 'weight-out-of-range', /order-1/],
    [{ weights: { 'order-1': 1.5 } }, 'weight-out-of-range', /whole number/],
    [{ weights: { 'order-1': 1_001 } }, 'weight-out-of-range', /1000/],
  ])('refuses %j whole, and says why', (wrong, code, detail) => {
    const before = board.current();
    const refusal = board.change({ adaptive: true, grpc: 'ip-hash', ...wrong });
    expect(refusal?.code).toBe(code);
    expect(refusal?.detail).toMatch(detail);
    expect(board.current()).toEqual(before);
    expect(told).toBe(0);
  });

  test('lets weights follow the loads within a service when it is asked to, and not before', () => {
    members = [member('order-1', 0.9), member('order-2', 0.3), member('account-1', 0.9)];
    board.adapt();
    expect(told).toBe(0);
    board.change({ adaptive: true });
    for (let round = 0; round < 5; round += 1) board.adapt();
    expect(board.weightOf('order-1')).toBeLessThan(100);
    expect([board.weightOf('order-2'), board.weightOf('account-1')]).toEqual([100, 100]);
    board.change({ adaptive: false });
    expect(board.weightOf('order-1')).toBe(100);
  });

  test('scales what was set, and does not listen to who is starting', () => {
    members = [member('order-1', 0.9), member('order-2', 0.1, false)];
    board.change({ adaptive: true, weights: { 'order-1': 200 } });
    for (let round = 0; round < 5; round += 1) board.adapt();
    expect(board.weightOf('order-1')).toBe(200);
    members = [member('order-1', 1), member('order-2', 0.1)];
    for (let round = 0; round < 50; round += 1) board.adapt();
    expect(board.weightOf('order-1')).toBe(20);
  });
});
