import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findServer } from '#cli/launcher/find-server.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { listProcesses } from '#cli/launcher/process-table.js';
import type { OverloadConfig } from '#platform/config/process-config.js';
import { renderFrontDoor } from '#platform/nginx/front-door.js';
import { PressureFiles } from '#platform/nginx/pressure-files.js';
import type { UpstreamServer } from '#platform/nginx/upstream.js';
import type { FrontDoorStrategy } from '#protocols/balancing/strategy.js';

const patienceMs = 20_000;
const timesSeen = 12;

interface Asked {
  readonly path?: string;
  /** The client's address on the loopback network. */
  readonly from?: string;
  readonly authorization?: string;
}

/** A real nginx before copies of a service that say who they are, with the configuration that the shop renders. */
export class FrontDoorForTest {
  /** How long the copies take to answer. */
  readonly tookMs = new Map<string, number>();
  /** How often nginx has asked the copies. */
  asked = 0;
  private gate: Promise<void> = Promise.resolve();
  /** A broken copy closes the connection instead of answering. */
  areBroken = false;

  private constructor(
    private readonly port: number,
    private readonly folder: string,
    private readonly copies: readonly { readonly address: string; readonly server: Server }[],
    private readonly limits: OverloadConfig | undefined,
    private nginx: ChildProcess | undefined,
  ) {}

  static async start(count: number, limits?: OverloadConfig): Promise<FrontDoorForTest> {
    const [port = 0, ...ports] = await findFreePorts(count + 1);
    const folder = mkdtempSync(join(tmpdir(), 'front-door-'));
    // Where nginx is started by root its workers are somebody else, who looks into it.
    chmodSync(folder, 0o755);
    const copies = ports.map((one) => ({ address: `127.0.0.1:${one}`, server: createServer() }));
    const door = new FrontDoorForTest(port, folder, copies, limits, undefined);
    await Promise.all(
      copies.map(async ({ address, server }, index) => {
        server.on('request', (incoming, response) => {
          door.asked += 1;
          if (door.areBroken) incoming.socket.destroy();
          else void door.answerWith(response, address);
        });
        server.listen(ports[index], '127.0.0.1');
        await once(server, 'listening');
      }),
    );
    door.write('round-robin', door.servers());
    const command = findServer('nginx');
    const args = ['-e', 'stderr', '-p', `${folder}/`, '-c', 'nginx.conf'];
    door.nginx = spawn(command, args, { stdio: 'ignore' });
    await door.until(() => door.strategy().then((strategy) => strategy === 'round-robin'));
    return door;
  }

  /** Every copy with a full weight, unless it is said otherwise. */
  servers(changes: Readonly<Record<number, Partial<UpstreamServer>>> = {}): UpstreamServer[] {
    return this.copies.map(({ address }, index) => ({ address, weight: 100, ...changes[index] }));
  }

  /** Has nginx take over another configuration while it serves, and returns when it is in force. */
  async use(strategy: FrontDoorStrategy, servers = this.servers()): Promise<void> {
    this.write(strategy, servers);
    this.nginx?.kill('SIGHUP');
    // The old worker is told to go a tenth of a second after the new one has come: until then either may answer.
    let seen = 0;
    await this.until(async () => (seen = (await this.strategy()) === strategy ? seen + 1 : 0) >= timesSeen);
  }

  /** Holds back all answers of the copies, until what it returns is called. */
  hold(): () => void {
    let open = (): void => {};
    this.gate = new Promise((resolve) => (open = resolve));
    return () => open();
  }

  /** Says whose copies are under pressure. */
  press(services: readonly string[]): void {
    new PressureFiles(this.folder).update(services);
  }

  /** The process ids of nginx's workers. */
  workers(): number[] {
    return listProcesses()
      .filter(({ parentPid }) => parentPid === this.nginx?.pid)
      .map(({ pid }) => pid);
  }

  /** The address of the copy that answered, on a connection of its own. */
  async ask({ path = '/api/products', from = '127.0.0.1', authorization }: Asked = {}): Promise<string> {
    const call = request({
      ...{ host: '127.0.0.1', port: this.port, path, localAddress: from, agent: false },
      headers: { connection: 'close', ...(authorization !== undefined && { authorization }) },
    });
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    call.end();
    const [response] = await answered;
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return response.statusCode === 200 ? body : `${response.statusCode}`;
  }

  /** How many of `count` requests each copy gets, in the order of the copies; `atOnce` of them are under way. */
  async spread(count: number, asked: (index: number) => Asked = () => ({}), atOnce = 1): Promise<number[]> {
    const counts = new Map<string, number>();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < count) {
        const who = await this.ask(asked(next++));
        counts.set(who, (counts.get(who) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, client));
    return this.copies.map(({ address }) => counts.get(address) ?? 0);
  }

  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const endsAtMs = Date.now() + patienceMs;
    while (!(await holds())) {
      if (Date.now() > endsAtMs) throw new Error('What was waited for did not come');
      await delay(20);
    }
  }

  async close(): Promise<void> {
    const { nginx } = this;
    if (nginx !== undefined && nginx.exitCode === null) {
      const ended = once(nginx, 'exit');
      nginx.kill('SIGTERM');
      await ended;
    }
    for (const { server } of this.copies) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answerWith(response: ServerResponse, address: string): Promise<void> {
    await this.gate;
    setTimeout(() => response.end(address), this.tookMs.get(address) ?? 0);
  }

  private async strategy(): Promise<string | null> {
    const headers = { connection: 'close' };
    const response = await fetch(`http://127.0.0.1:${this.port}/healthz`, { headers }).catch(() => undefined);
    return response?.headers.get('x-balancing') ?? null;
  }

  private write(strategy: FrontDoorStrategy, servers: readonly UpstreamServer[]): void {
    const text = renderFrontDoor({
      listen: `127.0.0.1:${this.port}`,
      workers: 1,
      upstreamKeepAlive: 16,
      orderDeadlineMs: 2_000,
      strategy,
      upstreams: new Map([
        ['inventory', servers],
        // Only where there is a registry is it known who is under pressure; nobody asks for it here.
        ...(this.limits === undefined ? [] : ([['registry', servers]] as const)),
      ]),
      ...(this.limits !== undefined && { limits: this.limits }),
    });
    writeFileSync(join(this.folder, 'nginx.conf'), text);
  }
}
