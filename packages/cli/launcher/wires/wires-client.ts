import { readFileSync } from 'node:fs';
import { z } from 'zod';

import { Failure } from '../../failure.js';
import { requireRun } from '../require-run.js';
import { wireName, type WireUser } from './plan-wires.js';
import { wireStates, type WireState, type WireStatus } from './wire.js';

const statusSchema = z.object({
  name: z.string(),
  state: z.enum(wireStates),
  leftMs: z.number().nullable(),
}) satisfies z.ZodType<WireStatus>;

const timeoutMs = 5_000;

/** Disturbs the network before the PostgreSQL servers of a platform that was started with `up --wires`. */
export class WiresClient {
  constructor(
    private readonly port: number,
    private readonly adminToken: string,
  ) {}

  static ofRun(statePath: string): WiresClient {
    const { state, run } = requireRun(statePath);
    const process = run.processes.find(({ kind }) => kind === 'wires');
    if (process === undefined) {
      throw new Failure('The shop runs without wires: start it with `npx tristate up --wires`.');
    }
    return new WiresClient(process.port, readFileSync(state.adminTokenPath, 'utf8').trim());
  }

  list(): Promise<WireStatus[]> {
    return this.call('GET', '/wires', z.array(statusSchema));
  }

  /** Disturbs the way of `user` to a server, for at most `ttlMs`. */
  async set(user: WireUser, member: string, state: WireState, ttlMs: number): Promise<void> {
    const path = `/wires/${encodeURIComponent(wireName(user, member))}`;
    await this.call('PUT', path, statusSchema, { state, ttlMs });
  }

  /** Cuts a server off from everyone: services, supervisor, and the other servers. */
  async isolate(member: string, state: WireState, ttlMs: number): Promise<void> {
    await Promise.all([
      this.set('clients', member, state, ttlMs),
      this.set('replication', member, state, ttlMs),
    ]);
  }

  async openAll(): Promise<void> {
    await this.call('DELETE', '/wires', z.array(statusSchema));
  }

  private async call<T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.adminToken}` },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Failure(`The wires refuse ${method} ${path}: ${response.status} ${text}`);
    return schema.parse(JSON.parse(text));
  }
}
