import { z } from 'zod';
import { resendingFetch } from '#platform/http/resending-fetch.js';

const faultSchema = z.object({ id: z.string(), acted: z.int() });
const faultsSchema = z.object({ faults: z.array(faultSchema), ended: z.array(faultSchema) });
const lawSchema = z.object({ name: z.string(), ok: z.boolean(), expected: z.string(), actual: z.string() });
const verdictSchema = z.object({ ok: z.boolean(), laws: z.array(lawSchema) });
const transactionSchema = z.object({ log: z.array(z.object({ kind: z.string() })) });

export type Law = z.infer<typeof lawSchema>;

export interface NewFault {
  readonly point: string;
  readonly action: string;
  readonly ttlMs: number;
  readonly durationMs?: number;
  readonly times?: number;
}

const answerMs = 40_000;

/** What an operator asks of the running shop: /control with the admin token. */
export class ControlClient {
  constructor(
    private readonly url: string,
    private readonly adminToken: string,
  ) {}

  /** The id of the new fault. */
  async addFault(fault: NewFault): Promise<string> {
    return z.object({ id: z.string() }).parse(await this.call('POST', '/control/faults', fault)).id;
  }

  /** How often a fault has acted so far. */
  async timesActed(id: string): Promise<number> {
    const { faults, ended } = faultsSchema.parse(await this.call('GET', '/control/faults'));
    const fault = [...faults, ...ended].find((one) => one.id === id);
    if (fault === undefined) throw new Error(`Nobody remembers the fault ${id}`);
    return fault.acted;
  }

  /** The processes that do not know yet how things stand. */
  async unreached(): Promise<string[]> {
    const view = await this.call('GET', '/control/settings').catch(() => undefined);
    return view === undefined
      ? ['registry']
      : z.object({ unreached: z.array(z.string()) }).parse(view).unreached;
  }

  async clearFaults(): Promise<void> {
    await this.call('DELETE', '/control/faults');
  }

  /** The laws that are broken once the shop has had `waitMs` to settle. */
  async brokenLaws(waitMs: number): Promise<Law[]> {
    const { laws } = verdictSchema.parse(await this.call('GET', `/control/invariants?waitMs=${waitMs}`));
    return laws.filter(({ ok }) => !ok);
  }

  async hasDiverged(gid: string): Promise<boolean> {
    const { log } = transactionSchema.parse(await this.call('GET', `/control/transactions/${gid}`));
    return log.some(({ kind }) => kind === 'diverged');
  }

  async repair(gid: string): Promise<void> {
    await this.call('POST', `/control/transactions/${gid}/repair`);
  }

  /** What a write waits for: none, flush or remote_apply. Resolves when it is in force. */
  async setSynchronous(synchronous: string): Promise<void> {
    await this.call('PUT', '/control/database/synchronous', { synchronous });
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await resendingFetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.adminToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMs),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}
