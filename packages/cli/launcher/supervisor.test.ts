import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';

import { waitFor } from '../wait-for.js';
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

describe('restartDelayMs', () => {
  test('is nothing at first, then doubles from 0.2 s up to 5 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(restartDelayMs)).toEqual([0, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });
});
