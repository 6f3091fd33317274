import { type z } from 'zod';
import { Chooser } from '#protocols/balancing/chooser.js';
import { RetryBudget } from '#protocols/balancing/retry-budget.js';
import type { ServiceName } from '../config/process-config.js';
import { formatDemand } from '../consistency/demand.js';
import type { Reading } from '../consistency/reading.js';
import type { Callees } from '../grpc/balancing/callees.js';
import { Circuits } from '../grpc/balancing/circuits.js';
import { currentScope } from '../logging/correlation.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import { hasAnswered, send, type Attempt, type RestRequest } from './send.js';

/** How a call between two services ends. A timeout is not a failure: the work may have been done. */
export type RestResult<Reply> =
  | { outcome: 'success'; reply: Reply }
  /** It was never reached. */
  | { outcome: 'failure' }
  /** No answer by the deadline, a connection that broke while waiting for one, or an answer that does not say what was done. */
  | { outcome: 'timeout' };

export interface RestCall<Reply> extends RestRequest {
  /** What is called, for the metrics. */
  readonly name: string;
  readonly service: ServiceName;
  /** What it is about, for `consistent-hash`. */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly deadlineAtMs: number;
  readonly reply: z.ZodType<Reply>;
}

/** A copy that is silent leaves as much time for another. */
const firstTryShare = 0.5;

/**
 * Calls the other services over REST. Everything that is called changes nothing, or the same however often it is called: without an
 * answer it is called once more, on another copy, as far as the retry budget goes.
 */
export class RestClients {
  private readonly budget = new RetryBudget();
  private readonly circuits: Circuits;
  private readonly choosers = new Map<ServiceName, Chooser>();

  constructor(
    private readonly serviceKey: string,
    private readonly metrics: Metrics,
    private readonly callees: Callees,
    private readonly self: string,
  ) {
    this.circuits = new Circuits(metrics);
  }

  async call<Reply>(call: RestCall<Reply>): Promise<RestResult<Reply>> {
    const elapsed = startTimer();
    const result = await this.try(call);
    this.metrics.restClient.observe({ call: call.name, outcome: result.outcome }, elapsed());
    return result;
  }

  private async try<Reply>(call: RestCall<Reply>): Promise<RestResult<Reply>> {
    const nowMs = Date.now();
    const { deadlineAtMs } = call;
    this.budget.earn();
    const first = await this.attempt(call, nowMs + (deadlineAtMs - nowMs) * firstTryShare, undefined);
    if (hasAnswered(first) || !this.mayRetry(call)) return resultOf(call.reply, [first]);
    return resultOf(call.reply, [first, await this.attempt(call, deadlineAtMs, first.address)]);
  }

  private mayRetry({ name, deadlineAtMs }: RestCall<unknown>): boolean {
    if (Date.now() >= deadlineAtMs) return false;
    const granted = this.budget.spend();
    this.metrics.restRetries.inc({ call: name, budget: granted ? 'granted' : 'spent' });
    return granted;
  }

  private async attempt(
    call: RestCall<unknown>,
    endsAtMs: number,
    avoided: string | undefined,
  ): Promise<Attempt> {
    const chooser = this.chooserOf(call.service);
    const begunAtMs = performance.now();
    const address = this.choose(chooser, call.key, avoided);
    if (address === undefined) return { end: 'unreached', address: '' };
    chooser.begun(address);
    this.circuits.begun(address, begunAtMs);
    const attempt = await send(address, call, { headers: this.headers(call), endsAtMs });
    const nowMs = performance.now();
    const ok = hasAnswered(attempt);
    chooser.ended(address, { tookMs: nowMs - begunAtMs, ok, nowMs });
    this.circuits.ended(address, ok ? 'answered' : 'silent', nowMs);
    if (attempt.session !== undefined) currentScope()?.reading?.merge(attempt.session);
    return attempt;
  }

  private choose(chooser: Chooser, key: string, avoided: string | undefined): string | undefined {
    const choice = { key, nowMs: performance.now(), random: Math.random };
    const isAllowed = (address: string): boolean => this.circuits.allows(address, choice.nowMs);
    const isUsable = (address: string): boolean => address !== avoided && isAllowed(address);
    return chooser.choose({ ...choice, isUsable }) ?? chooser.choose({ ...choice, isUsable: isAllowed });
  }

  private chooserOf(service: ServiceName): Chooser {
    const known = this.choosers.get(service);
    if (known !== undefined) return known;
    const chooser = new Chooser(this.callees.strategy, this.self);
    chooser.update(this.callees.targets(service));
    this.choosers.set(service, chooser);
    return chooser;
  }

  /** Who calls, and on whose behalf; a read also says how consistent it must be. */
  private headers({ method }: RestRequest): Record<string, string> {
    const scope = currentScope();
    return {
      Authorization: `Bearer ${this.serviceKey}`,
      ...(scope === undefined ? {} : { 'X-Correlation-Id': scope.correlationId }),
      ...(method === 'GET' && scope?.reading !== undefined ? consistencyOf(scope.reading) : {}),
    };
  }
}

function consistencyOf(reading: Reading): Record<string, string> {
  return {
    'X-Consistency': formatDemand(reading.demand),
    ...(reading.keepsSession ? { 'X-Session': reading.token() } : {}),
  };
}

function resultOf<Reply>(schema: z.ZodType<Reply>, attempts: readonly Attempt[]): RestResult<Reply> {
  if (attempts.every(({ end }) => end === 'unreached')) return { outcome: 'failure' };
  const last = attempts.at(-1);
  if (last?.end !== 'answered' || last.status >= 300) return { outcome: 'timeout' };
  const parsed = schema.safeParse(last.body);
  return parsed.success ? { outcome: 'success', reply: parsed.data } : { outcome: 'timeout' };
}
