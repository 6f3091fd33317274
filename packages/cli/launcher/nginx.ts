import { execFile, execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Nginx } from '#platform/nginx/front-door-follower.js';
import { renderFrontDoor, type FrontDoor } from '#platform/nginx/front-door.js';
import { PressureFiles } from '#platform/nginx/pressure-files.js';

import type { DataFolders } from './data-folder.js';
import { findServer } from './find-server.js';
import { answersOk } from './readiness.js';
import type { ProcessPlan } from './supervisor.js';

/** Ports below this one are root's. */
const firstOrdinaryPort = 1024;

export function planNginx({ dataFolder, user }: DataFolders, port: number, door: FrontDoor): ProcessPlan {
  const command = findServer('nginx');
  const workingFolder = join(dataFolder, 'nginx');
  const needsRoot = user !== undefined && port < firstOrdinaryPort;
  mkdirSync(workingFolder, { recursive: true, mode: 0o700 });
  const configuration = renderFrontDoor(needsRoot ? { ...door, workerUser: user.name } : door);
  writeFileSync(join(workingFolder, 'nginx.conf'), configuration);
  if (user) chownSync(workingFolder, user.uid, user.gid);
  return {
    name: 'nginx',
    kind: 'nginx',
    port,
    command,
    args: ['-p', `${workingFolder}/`, '-c', 'nginx.conf', ...errorLogArguments(command)],
    environment: { PATH: process.env['PATH'] ?? '' },
    workingFolder,
    user: needsRoot ? undefined : user,
    // Graceful: answers under way are finished.
    stopSignal: 'SIGQUIT',
    startAttempts: 3,
    isReady: () => answersOk(port, '/healthz'),
  };
}

const testTimeoutMs = 5_000;

/** The nginx of this plan, to be told of new configurations while it runs. */
export function nginxOf(plan: ProcessPlan, reload: () => void): Nginx {
  const { command, args, workingFolder, environment, user } = plan;
  const next = join(workingFolder, 'nginx.next.conf');
  const pressure = new PressureFiles(workingFolder);
  return {
    test: (configuration) => {
      writeFileSync(next, configuration);
      const testArgs = [
        ...args.map((argument) => (argument === 'nginx.conf' ? 'nginx.next.conf' : argument)),
        '-t',
        '-q',
      ];
      const options = {
        env: environment,
        timeout: testTimeoutMs,
        ...(user && { uid: user.uid, gid: user.gid }),
      };
      return new Promise((resolve) => {
        execFile(command, testArgs, options, (error, _, stderr) =>
          resolve(error === null ? undefined : stderr.trim() || error.message),
        );
      });
    },
    reload: () => {
      // An nginx that is started again meanwhile reads it by itself.
      renameSync(next, join(workingFolder, 'nginx.conf'));
      reload();
    },
    press: (services) => pressure.update(services),
  };
}

/** From 1.19.5 on nginx can be kept from opening the system's error log before it reads its configuration. */
function errorLogArguments(command: string): string[] {
  try {
    execFileSync(command, ['-e', 'stderr', '-v'], { stdio: 'ignore' });
    return ['-e', 'stderr'];
  } catch {
    return [];
  }
}
