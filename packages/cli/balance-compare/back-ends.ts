import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { UpstreamServer } from '#platform/nginx/upstream.js';
import { findFreePorts } from '../launcher/ports.js';
import type { BackEndSpec } from './compare-scenario.js';

const program = join(import.meta.dirname, 'back-end-process.js');

interface BackEnd {
  readonly name: string;
  readonly port: number;
  readonly spec: BackEndSpec;
  child: ChildProcess;
}

/** The processes that a comparison sends its load to. */
export class BackEnds {
  private constructor(private readonly all: readonly BackEnd[]) {}

  static async start(specs: readonly BackEndSpec[]): Promise<BackEnds> {
    const ports = await findFreePorts(specs.length);
    const all = await Promise.all(
      specs.map(async (spec, index) => {
        const [name, port] = [`back-end-${index + 1}`, ports[index] ?? 0];
        return { name, port, spec, child: await startProcess(name, port, spec) };
      }),
    );
    return new BackEnds(all);
  }

  get names(): string[] {
    return this.all.map(({ name }) => name);
  }

  get count(): number {
    return this.all.length;
  }

  /** As the balancers see them; a copy that is left out stays in the list and is given nothing. */
  servers(leftOut?: number): UpstreamServer[] {
    return this.all.map(({ port, spec }, index) => ({
      address: `127.0.0.1:${port}`,
      weight: spec.weight,
      ...(index === leftOut && { down: true }),
    }));
  }

  /** Dies like with its machine: no connection is ended properly. */
  async kill(index: number): Promise<void> {
    const { child } = this.at(index);
    await stop(child, 'SIGKILL');
  }

  /** Ends when what was under way is answered. */
  async stop(index: number): Promise<void> {
    await stop(this.at(index).child, 'SIGTERM');
  }

  /** Starts it again where it was. */
  async start(index: number): Promise<void> {
    const backEnd = this.at(index);
    backEnd.child = await startProcess(backEnd.name, backEnd.port, backEnd.spec);
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ child }) => stop(child, 'SIGKILL')));
  }

  private at(index: number): BackEnd {
    const found = this.all[index];
    if (found === undefined) throw new Error(`there is no back end ${index}`);
    return found;
  }
}

async function startProcess(name: string, port: number, spec: BackEndSpec): Promise<ChildProcess> {
  const child = fork(program, [name, String(port), String(spec.slots), String(spec.slowness)]);
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} at its start`)));
  });
  return child;
}

function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}
