import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** The limit of what can be served: node:http alone, in a process of its own. */
export class BareServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** @param body what every request is answered with */
  static async start(body: string): Promise<BareServer> {
    const child = fork(join(import.meta.dirname, 'bare-server.js'), [body]);
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message: number) => resolve(message));
      child.once('error', reject);
      child.once('exit', () => reject(new Error('The bare server ended at its start')));
    });
    return new BareServer(child, port);
  }

  close(): void {
    this.child.disconnect();
  }
}
