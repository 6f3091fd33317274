import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePorts } from '#cli/launcher/ports.js';
import { planRedis } from '#cli/launcher/redis.js';
import { findSystemUser } from '#cli/launcher/system-user.js';
import { ServerForTest } from './server-for-test.js';

export interface RedisForTest {
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** It keeps its connections and its memory, and answers nothing. */
  pause(): void;
  resume(): void;
  remove(): Promise<void>;
}

/** A Redis of its own in a temporary folder, on a free port. */
export async function newRedisForTest(): Promise<RedisForTest> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), 'tristate-integration-'));
  chmodSync(dataFolder, 0o755);
  const [port = 0] = await findFreePorts(1);
  const folders = { user: findSystemUser(), dataFolder, postgresFolder: '' };
  const server = new ServerForTest(planRedis(folders, { port, maxMemoryMb: 64 }));
  await server.start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start: () => server.start(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    remove: async () => {
      await server.kill();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
