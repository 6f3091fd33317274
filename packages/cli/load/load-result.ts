import { Histogram } from '#protocols/histogram.js';
import type { LoadPlan, LoggedRequest } from './load-plan.js';
import type { ClientCounts } from './recorder.js';
import { judgeSchedule, type ScheduleVerdict } from './schedule-verdict.js';

/** What became of the requests that were due in one second of the run, or in all of it. */
export interface LoadCounts {
  /** Wanted by the schedule; of a closed loop, asked by a client. */
  due: number;
  /** Before the run was over. */
  sent: number;
  /** Right answers before the run was over. */
  inTime: number;
  /** By what went wrong: a status that was not expected, or no answer at all. */
  errors: Record<string, number>;
  /** Sent a second time, after an idle connection was found closed. */
  retries: number;
  /** Of right answers, from the scheduled start, in microseconds. */
  latency: Histogram;
  /** How many right answers came from each back end. */
  backEndCounts: Record<string, number>;
}

export interface LoadResult {
  readonly plan: LoadPlan;
  readonly total: LoadCounts;
  readonly seconds: readonly LoadCounts[];
  readonly sendDelay: Histogram;
  readonly backEnds: ReadonlyMap<string, Histogram>;
  readonly kinds: ReadonlyMap<string, KindResult>;
  readonly clients: ClientCounts;
  readonly rates: LoadRates;
  readonly schedule: ScheduleVerdict;
  /** In the order of their schedule; empty when it was not asked for. */
  readonly log: readonly LoggedRequest[];
}

export interface KindResult {
  readonly latency: Histogram;
  readonly statuses: Readonly<Record<string, number>>;
}

/** In requests per second over the whole run. Only what happened before its end counts. */
export interface LoadRates {
  /** Undefined for a closed loop, which has no schedule. */
  readonly asked: number | undefined;
  readonly sent: number;
  /** Right answers. */
  readonly answered: number;
}

export function newCounts(): LoadCounts {
  return { due: 0, sent: 0, inTime: 0, errors: {}, retries: 0, latency: new Histogram(), backEndCounts: {} };
}

export function errorCount({ errors }: Pick<LoadCounts, 'errors'>): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}

export interface TalliedLoad {
  readonly total: LoadCounts;
  readonly seconds: readonly LoadCounts[];
  readonly sendDelay: Histogram;
  readonly takeUpDelay: Histogram;
  readonly backEnds: ReadonlyMap<string, Histogram>;
  readonly kinds: ReadonlyMap<string, KindResult>;
  readonly clients: ClientCounts;
  readonly log: readonly LoggedRequest[];
}

export function toResult(plan: LoadPlan, { takeUpDelay, ...tallied }: TalliedLoad): LoadResult {
  const { total, sendDelay } = tallied;
  const inSecond = (count: number): number => (count / plan.durationMs) * 1000;
  const rates = {
    asked: plan.loop.kind === 'open' ? inSecond(total.due) : undefined,
    sent: inSecond(total.sent),
    answered: inSecond(total.inTime),
  };
  const schedule = judgeSchedule(plan, rates, { sendDelay, takeUpDelay });
  const log = [...tallied.log].sort((left, right) => left.number - right.number);
  return { plan, ...tallied, log, rates, schedule };
}
