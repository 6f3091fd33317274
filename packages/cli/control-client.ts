import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ProtocolEvent, What } from '#platform/trace/protocol-event.js';

import { Failure } from './failure.js';
import { describeAnswer, FrontDoorClient, type Call } from './front-door-client.js';
import { requireRun } from './launcher/require-run.js';

export interface FaultRequest {
  readonly point: string;
  readonly action: string;
  readonly ttlMs: number;
  readonly process?: string | undefined;
  readonly durationMs?: number | undefined;
  /** Acts from the nth time on. */
  readonly nth?: number | undefined;
  /** Acts so often at most; without limit when left out. */
  readonly times?: number | undefined;
  readonly correlationId?: string | undefined;
}

const verdictSchema = z.object({
  ok: z.boolean(),
  laws: z.array(z.object({ name: z.string(), ok: z.boolean(), expected: z.unknown(), actual: z.unknown() })),
});
export type Verdict = z.infer<typeof verdictSchema>;

const eventSchema = z.object({
  gid: z.string(),
  process: z.string(),
  atUs: z.number(),
  // What the processes of this very version have written.
  what: z.custom<What>((value) => typeof value === 'object' && value !== null && 'kind' in value),
}) satisfies z.ZodType<ProtocolEvent>;

const transactionSchema = z.object({
  gid: z.string(),
  protocol: z.string().optional(),
  outcome: z.string().optional(),
  events: z.array(eventSchema),
  log: z.array(z.looseObject({ kind: z.string() })).default([]),
  /** Who could not be asked. */
  missing: z.array(z.string()).default([]),
});
export type RecordedTransaction = z.infer<typeof transactionSchema>;

const faultSchema = z.looseObject({ id: z.string() });
const repairSchema = z.object({ result: z.string(), detail: z.string().optional() });
export type Repair = z.infer<typeof repairSchema>;

const repairTimeoutMs = 30_000;

/** The operator's calls to a running shop. */
export class ControlClient {
  constructor(
    private readonly client: FrontDoorClient,
    private readonly adminToken: string,
  ) {}

  static ofRun(statePath: string): ControlClient {
    const { state, run } = requireRun(statePath);
    return new ControlClient(new FrontDoorClient(run.url), readFileSync(state.adminTokenPath, 'utf8').trim());
  }

  /** Checks the conservation laws, giving transactions under way `waitMs` to settle. */
  async invariants(waitMs: number): Promise<Verdict> {
    const call = {
      method: 'GET',
      path: `/control/invariants?waitMs=${waitMs}`,
      timeoutMs: waitMs + 30_000,
    } as const;
    return this.ask(call, verdictSchema, 'The invariants could not be checked');
  }

  /** @returns the fault's id */
  async addFault(fault: FaultRequest): Promise<string> {
    const call = { method: 'POST', path: '/control/faults', body: fault } as const;
    const { id } = await this.ask(call, faultSchema, `The fault at ${fault.point} could not be set`);
    return id;
  }

  async clearFault(id: string): Promise<void> {
    const call = { method: 'DELETE', path: `/control/faults/${id}` } as const;
    // One that has run out by itself is gone, which is what was wanted.
    await this.ask(call, z.unknown(), 'A fault could not be cleared', [404]);
  }

  /** Has every process report what it does for this request. */
  async trace(correlationId: string, ttlMs: number): Promise<void> {
    const call = { method: 'POST', path: '/control/traces', body: { correlationId, ttlMs } } as const;
    await this.ask(call, z.unknown(), 'The order could not be traced');
  }

  async transaction(gid: string): Promise<RecordedTransaction> {
    const call = { method: 'GET', path: `/control/transactions/${encodeURIComponent(gid)}` } as const;
    return this.ask(call, transactionSchema, `The transaction ${gid} could not be read`);
  }

  async repair(gid: string): Promise<Repair> {
    const path = `/control/transactions/${encodeURIComponent(gid)}/repair`;
    const call = { method: 'POST', path, timeoutMs: repairTimeoutMs } as const;
    return this.ask(call, repairSchema, `The transaction ${gid} could not be repaired`);
  }

  /** Makes a call that must succeed; `failure` says what could not be done. */
  async ask<T>(call: Call, schema: z.ZodType<T>, failure: string, alsoGood: number[] = []): Promise<T> {
    const answer = await this.client.call({ ...call, token: this.adminToken });
    if (answer.kind === 'answer' && (answer.status < 300 || alsoGood.includes(answer.status))) {
      return schema.parse(answer.body);
    }
    throw new Failure(`${failure}: ${describeAnswer(answer)}`);
  }
}
