import type { WorkerPlan } from '../load-plan.js';
import { ArrivalSchedule } from '../schedule/arrival-schedule.js';
import { segmentsOf, type RateShape } from '../schedule/rate-shape.js';
import { newPicker } from '../schedule/request-mix.js';
import type { TimedRequest } from '../wire/timed-request.js';

/** Makes request number so and so of a run. */
export function newRequestMaker(
  plan: WorkerPlan,
): (number: number, dueMs: number, takenUpMs: number) => TimedRequest {
  const { hotClientShare, clients } = plan;
  const weights = plan.kinds.map(({ weight }) => weight);
  const mix = { weights, clients, ...(hotClientShare !== undefined && { hotClientShare }) };
  const pick = newPicker(mix, plan.seed);
  return (number, dueMs, takenUpMs) => {
    const { kind, client, choice } = pick(number);
    return { number, kind, client, choice, dueMs, takenUpMs, sentMs: NaN, isRetry: false };
  };
}

/** The schedule of a run with its warm-up before it; times before 0 belong to that. */
export class RunSchedule {
  readonly total: number;
  private readonly schedule: ArrivalSchedule;

  constructor(
    shape: RateShape,
    durationMs: number,
    private readonly warmUpMs: number,
  ) {
    const segments = segmentsOf(shape, durationMs);
    const from = segments[0]?.from ?? 0;
    this.schedule = new ArrivalSchedule([{ lengthMs: warmUpMs, from, to: from }, ...segments]);
    this.total = this.schedule.total;
  }

  dueMs(number: number): number {
    return this.schedule.dueMs(number) - this.warmUpMs;
  }
}
