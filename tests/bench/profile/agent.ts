// Loaded into every service before its own code (NODE_OPTIONS=--import=…/agent.js?folder=…): takes a CPU profile
// between the moments at which the files `start` and `stop` appear in that folder, and writes it there.
import { existsSync, renameSync, watch, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { profileEnding, samplingIntervalUs, startFile, stopFile } from './profile-files.js';

const folder = new URL(import.meta.url).searchParams.get('folder') ?? '.';
const name = process.env['TRISTATE_NAME'] ?? String(process.pid);
const session = new Session();
let phase: 'waiting' | 'running' | 'written' = 'waiting';

async function start(): Promise<void> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: samplingIntervalUs });
  await session.post('Profiler.start');
}

async function stop(): Promise<void> {
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const path = join(folder, `${name}${profileEnding}`);
  writeFileSync(`${path}.unfinished`, JSON.stringify(profile));
  renameSync(`${path}.unfinished`, path);
}

function look(): void {
  if (phase === 'waiting' && existsSync(join(folder, startFile))) {
    phase = 'running';
    void start();
  } else if (phase === 'running' && existsSync(join(folder, stopFile))) {
    phase = 'written';
    void stop();
  }
}

watch(folder, { persistent: false }, look);
