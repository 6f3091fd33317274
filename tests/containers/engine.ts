import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { waitUntil } from '../e2e/wait-until.js';
import { installPackages, works } from './run.js';

/** Where images and containers are kept between runs, so that only the first one makes the base images. */
export const engineFolder = '/var/tmp/tristate-containers';

const startDeadlineMs = 60_000;

export interface Engine {
  readonly environment: Record<string, string>;
  stop(): Promise<void>;
}

/** The Docker engine that runs, or one that is started for the test alone; or, as a sentence, why there is none. */
export async function findEngine(): Promise<Engine | string> {
  const running = works('docker', ['info']);
  if (running) return { environment: {}, stop: () => Promise.resolve() };
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'no Docker engine answers, and only root on Linux may start one';
  if (!works('dockerd', ['--version']) && !installPackages('docker.io', 'iptables'))
    return 'no Docker engine answers, and docker.io cannot be installed';
  return startEngine();
}

async function startEngine(): Promise<Engine | string> {
  mkdirSync(engineFolder, { recursive: true, mode: 0o700 });
  const host = `unix://${engineFolder}/docker.sock`;
  const log = openSync(path.join(engineFolder, 'dockerd.log'), 'w');
  const options = {
    'data-root': path.join(engineFolder, 'data'),
    'exec-root': path.join(engineFolder, 'run'),
    pidfile: path.join(engineFolder, 'docker.pid'),
    host,
  };
  const daemon = spawn(
    'dockerd',
    Object.entries(options).flatMap(([key, value]) => [`--${key}`, value]),
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const environment = { DOCKER_HOST: host };
  try {
    await waitUntil('the Docker engine answers', startDeadlineMs, () =>
      daemon.exitCode === null && works('docker', ['info'], environment) ? true : undefined,
    );
  } catch {
    daemon.kill('SIGKILL');
    return `no Docker engine can run here; ${engineFolder}/dockerd.log tells why`;
  }
  return {
    environment,
    stop: async () => {
      daemon.kill('SIGTERM');
      await ended;
    },
  };
}
