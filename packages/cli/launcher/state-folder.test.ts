import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { claimRun, findLiveRun, ownProcessId, removeRunRecord, type RunRecord } from './run-record.js';
import { deleteStateFolder, findStateFolder, openStateFolder } from './state-folder.js';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('state folder', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tristate state '));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('keeps its identity and its secrets, which nobody else may read', () => {
    const first = openStateFolder(folder);
    const token = readFileSync(first.adminTokenPath, 'utf8');
    expect(token).toMatch(/^[0-9a-f]{64}\n$/);
    expect(openStateFolder(folder).id).toBe(first.id);
    expect(readFileSync(join(first.secretsFolder, 'admin-token'), 'utf8')).toBe(token);
    expect(modeOf(first.adminTokenPath)).toBe(0o600);
    expect(modeOf(join(first.secretsFolder, 'token-key'))).toBe(0o600);
    expect(modeOf(first.secretsFolder)).toBe(0o700);
  });

  test('gives each service a key of its own, and the hashes of the others’ keys', () => {
    const { secretsFolder } = openStateFolder(folder);
    const read = (path: string): string => readFileSync(join(secretsFolder, path), 'utf8').trim();
    const keys = ['order', 'coordinator'].map((service) => read(`${service}/service-key`));
    expect(new Set(keys).size).toBe(2);
    const callers = JSON.parse(read('account/callers.json')) as Record<string, string>;
    const hashes = keys.map((key) => createHash('sha256').update(key).digest('hex'));
    expect([callers['order'], callers['coordinator']]).toEqual(hashes);
    for (const key of keys) expect(JSON.stringify(callers)).not.toContain(key);
    expect(modeOf(join(secretsFolder, 'order/service-key'))).toBe(0o600);
    expect(modeOf(join(secretsFolder, 'order'))).toBe(0o700);
    expect(read('order/token-key')).toBe(read('token-key'));
    openStateFolder(folder);
    expect(read('order/service-key')).toBe(keys[0]);
  });

  test('refuses a folder that holds something else, and never deletes what is not its own', () => {
    writeFileSync(join(folder, 'letter.txt'), 'dear');
    expect(() => openStateFolder(folder)).toThrow('holds something else');
    rmSync(join(folder, 'letter.txt'));
    const state = openStateFolder(folder);
    writeFileSync(join(folder, 'letter.txt'), 'dear');
    deleteStateFolder(state);
    expect(existsSync(join(folder, 'letter.txt'))).toBe(true);
    expect(findStateFolder(folder)).toBeUndefined();
  });

  test('is claimed by one launcher at a time, and free again when that one is gone', () => {
    const state = openStateFolder(folder);
    const record: RunRecord = {
      launcher: ownProcessId(),
      phase: 'starting',
      stage: 10,
      url: 'http://localhost:8080',
      processes: [],
    };
    expect(claimRun(state, record)).toBe(true);
    expect(claimRun(state, record)).toBe(false);
    expect(findLiveRun(state)).toEqual(record);
    removeRunRecord(state);
    expect(claimRun(state, { ...record, launcher: { pid: process.pid, startTime: 'long ago' } })).toBe(true);
    expect(findLiveRun(state)).toBeUndefined();
  });
});
