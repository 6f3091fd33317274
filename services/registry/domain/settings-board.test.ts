import { describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging/logger.js';
import { AuditLog } from './audit-log.js';
import { SettingsBoard } from './settings-board.js';

const silent = createLogger({ name: 'test', service: 'registry', logLevel: 'silent' });

describe('the settings of the shop', () => {
  it('are as configured until somebody changes them, and again when nothing is left of the change', () => {
    const told: string[] = [];
    const board = new SettingsBoard(new AuditLog(silent));
    board.onChange(() => told.push(board.json));
    expect(board.json).toBe('');
    board.replace({ cache: { filter: false } });
    board.replace({ overload: { enabled: false } });
    board.replace({});
    expect(told).toEqual(['{"cache":{"filter":false}}', '{"overload":{"enabled":false}}', '']);
  });

  it('tell whether load is shed, where that was switched', () => {
    const board = new SettingsBoard(new AuditLog(silent));
    expect(board.shedding).toBe('');
    board.replace({ overload: { enabled: false } });
    expect(board.shedding).toBe('off');
    board.replace({ overload: { enabled: true } });
    expect(board.shedding).toBe('on');
  });

  it('tell afterwards what was changed', () => {
    const audit = new AuditLog(silent);
    const board = new SettingsBoard(audit);
    board.replace({ cache: { jitter: false } });
    board.replace({});
    expect(audit.list().map(({ who, what, detail }) => [who, what, detail])).toEqual([
      ['admin', 'settings-changed', { before: { cache: { jitter: false } }, after: {} }],
      ['admin', 'settings-changed', { before: {}, after: { cache: { jitter: false } } }],
    ]);
  });
});
