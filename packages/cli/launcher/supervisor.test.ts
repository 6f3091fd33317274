import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';

import { waitFor } from '../wait-for.js';
import { listProcesses } from './process-table.js';
import type { RunningProcess } from './run-record.js';
import { restartDelayMs, Supervisor, type ProcessPlan } from './supervisor.js';

const folder = mkdtempSync(join(tmpdir(), 'tristate-supervisor-'));
const sleeper = 'setInterval(() => undefined, 1000)';

function newPlanForTest(script: string): ProcessPlan {
  return {
    name: 'sleeper',
    kind: 'service',
    port: 1,
    command: process.execPath,
    args: ['-e', script],
    environment: {},
    workingFolder: folder,
    stopSignal: 'SIGTERM',
    startAttempts: 1,
    isReady: () => Promise.resolve(true),
  };
}

describe('Supervisor', () => {
  let running: readonly RunningProcess[] = [];
  const lines: string[] = [];
  const supervisor = new Supervisor(folder, {
    onChange: (processes) => (running = processes),
    onLine: (text) => lines.push(text),
  });
  afterEach(() => {
    supervisor.killAll();
    rmSync(folder, { recursive: true, force: true });
  });

  test('brings a killed process back, says so, and stops it for good when told', async () => {
    await supervisor.start([newPlanForTest(sleeper)]);
    const first = running[0]?.pid ?? 0;
    process.kill(first, 'SIGKILL');
    const second = await waitFor(() => running[0]?.pid !== first && running[0]?.pid, { timeoutMs: 10_000 });
    expect(second).toBeGreaterThan(0);
    expect(lines).toEqual(['! sleeper ended (SIGKILL); it is started again now']);
    await supervisor.stop(['sleeper'], 5_000);
    expect(running).toEqual([]);
  });
});

describe('a process in the background', () => {
  const logs = mkdtempSync(join(tmpdir(), 'tristate-supervisor-'));
  const supervisor = new Supervisor(logs, { onChange: () => undefined, onLine: () => undefined });
  afterAll(() => {
    supervisor.killAll();
    rmSync(logs, { recursive: true, force: true });
  });

  // As PostgreSQL does for each connection: a child with a session of its own.
  const child = `require('node:child_process').spawn(process.execPath, ['-e', '${sleeper}'], { detached: true })`;
  const parent = `setTimeout(() => ${child}, 1000); ${sleeper}`;
  const childOf = (pid: number): number | undefined =>
    listProcesses().find(({ parentPid }) => parentPid === pid)?.pid;
  const sessionNiceness = (pid: number): string | undefined =>
    /nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, 'utf8'))?.[1];

  test('lets others go first with all that it starts, also among sessions', async () => {
    const plan = { ...newPlanForTest(sleeper), workingFolder: tmpdir() };
    const worker = { ...newPlanForTest(parent), workingFolder: tmpdir(), name: 'worker', inBackground: true };
    await supervisor.start([plan, worker]);
    const [front = 0, back = 0] = supervisor.running().map(({ pid }) => pid);
    const started = (await waitFor(() => childOf(back), { timeoutMs: 20_000 })) ?? 0;
    try {
      expect([front, back, started].map((pid) => getPriority(pid) - getPriority())).toEqual([0, 5, 5]);
      if (!existsSync('/proc/self/autogroup')) return;
      await waitFor(() => sessionNiceness(started) === '5', { timeoutMs: 20_000 });
      expect([front, back, started].map(sessionNiceness)).toEqual(['0', '5', '5']);
    } finally {
      process.kill(started, 'SIGKILL');
    }
  });
});

describe('restartDelayMs', () => {
  test('is nothing at first, then doubles from 0.2 s up to 5 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(restartDelayMs)).toEqual([0, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });
});
