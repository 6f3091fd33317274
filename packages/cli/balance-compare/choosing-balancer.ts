import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { UpstreamServer } from '#platform/nginx/upstream.js';
import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Balancer } from './balancer.js';
import type { ChoosingOrder } from './choosing-process.js';

const program = join(import.meta.dirname, 'choosing-process.js');

/** A caller that chooses for itself, with the strategies of the services among each other. */
export class ChoosingBalancer implements Balancer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(
    strategy: ClientStrategy,
    servers: readonly UpstreamServer[],
  ): Promise<ChoosingBalancer> {
    const child = fork(program, [strategy]);
    const port = await ask<number>(child, { kind: 'servers', servers });
    return new ChoosingBalancer(child, port);
  }

  async update(servers: readonly UpstreamServer[]): Promise<void> {
    await ask(this.child, { kind: 'servers', servers });
  }

  async retries(): Promise<number> {
    return (await ask<{ retries: number }>(this.child, { kind: 'retries' })).retries;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}

function ask<Answer>(child: ChildProcess, order: ChoosingOrder): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null): void => reject(new Error(`the caller ended with ${code}`));
    child.once('exit', exited);
    child.once('message', (answer: Answer) => {
      child.off('exit', exited);
      resolve(answer);
    });
    child.send(order);
  });
}
