import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { DataFolders } from './data-folder.js';
import { findServer } from './find-server.js';
import { redisAnswers } from './readiness.js';
import type { ProcessPlan } from './supervisor.js';

interface RedisSettings {
  readonly port: number;
  readonly maxMemoryMb: number;
}

/** Redis as a cache: it keeps nothing on disk and drops what was used least recently. */
export function planRedis(
  { dataFolder, user }: DataFolders,
  { port, maxMemoryMb }: RedisSettings,
): ProcessPlan {
  const workingFolder = join(dataFolder, 'redis');
  mkdirSync(workingFolder, { recursive: true, mode: 0o700 });
  if (user) chownSync(workingFolder, user.uid, user.gid);
  const options = {
    bind: '127.0.0.1',
    port: String(port),
    save: '',
    appendonly: 'no',
    maxmemory: `${maxMemoryMb}mb`,
    'maxmemory-policy': 'allkeys-lru',
  };
  return {
    name: 'redis',
    kind: 'redis',
    port,
    command: findServer('redis-server'),
    args: Object.entries(options).flatMap(([key, value]) => [`--${key}`, value]),
    environment: { PATH: process.env['PATH'] ?? '' },
    workingFolder,
    user,
    stopSignal: 'SIGTERM',
    startAttempts: 1,
    isReady: () => redisAnswers(port),
  };
}
