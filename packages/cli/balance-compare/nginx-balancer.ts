import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { renderFrontDoor } from '#platform/nginx/front-door.js';
import type { UpstreamServer } from '#platform/nginx/upstream.js';
import type { FrontDoorStrategy } from '#protocols/balancing/strategy.js';
import { Failure } from '../failure.js';
import { findServer } from '../launcher/find-server.js';
import { findFreePorts } from '../launcher/ports.js';
import { answersOk } from '../launcher/readiness.js';
import { waitFor } from '../wait-for.js';
import type { Balancer } from './balancer.js';

const startTimeoutMs = 10_000;
/** Old workers give up their port with the signal; this is for the new ones to be there. */
const reloadMs = 150;
/** As nginx says that it goes on to another server, whatever the first one did. */
const failedAttempt = /while (?:connecting to|reading response header from|sending request to) upstream/g;

/** A real nginx with the configuration that the shop's front door has. */
export class NginxBalancer implements Balancer {
  private log = '';

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly strategy: FrontDoorStrategy,
    private readonly nginx: ChildProcess,
  ) {
    nginx.stderr?.on('data', (text: Buffer) => (this.log += text.toString()));
  }

  static async start(
    strategy: FrontDoorStrategy,
    servers: readonly UpstreamServer[],
  ): Promise<NginxBalancer> {
    const [port = 0] = await findFreePorts(1);
    const folder = mkdtempSync(join(tmpdir(), 'tristate-compare-'));
    // Workers that root starts run as another user.
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'nginx.conf'), configure(port, strategy, servers));
    const nginx = spawn(findServer('nginx'), ['-p', `${folder}/`, '-c', 'nginx.conf', '-e', 'stderr'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const balancer = new NginxBalancer(port, folder, strategy, nginx);
    const ready = await waitFor(() => answersOk(port, '/healthz'), { timeoutMs: startTimeoutMs });
    if (ready !== undefined) return balancer;
    await balancer.close();
    throw new Failure(`nginx did not start for ${strategy}:\n${balancer.log}`);
  }

  async update(servers: readonly UpstreamServer[]): Promise<void> {
    writeFileSync(join(this.folder, 'nginx.conf'), configure(this.port, this.strategy, servers));
    this.nginx.kill('SIGHUP');
    await delay(reloadMs);
  }

  async retries(): Promise<number> {
    return this.log.match(failedAttempt)?.length ?? 0;
  }

  async close(): Promise<void> {
    if (this.nginx.exitCode === null && this.nginx.signalCode === null) {
      const ended = new Promise((resolve) => this.nginx.once('exit', resolve));
      this.nginx.kill('SIGTERM');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function configure(port: number, strategy: FrontDoorStrategy, servers: readonly UpstreamServer[]): string {
  return renderFrontDoor({
    listen: `127.0.0.1:${port}`,
    workers: 1,
    upstreamKeepAlive: 64,
    orderDeadlineMs: 5_000,
    strategy,
    upstreams: new Map([['inventory', servers]]),
  });
}
