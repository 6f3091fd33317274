import type { Histogram } from '#protocols/histogram.js';
import type { LoadPlan } from './load-plan.js';

/** A rate counts as held when so much of it was sent. */
const heldShare = 0.99;
/** A request that leaves later than this has missed its place in the schedule. */
export const lateMs = 10;
const mostLateShare = 0.01;

export type ScheduleVerdict =
  | { readonly kind: 'no-schedule' }
  | { readonly kind: 'kept'; readonly text: string }
  /** The run shows another load than the one that was asked for. */
  | { readonly kind: 'missed'; readonly text: string };

interface Delays {
  readonly sendDelay: Histogram;
  readonly takeUpDelay: Histogram;
}

/** Says whether the load was the one that was asked for, and who was in its way. */
export function judgeSchedule(
  plan: LoadPlan,
  rates: { readonly asked: number | undefined; readonly sent: number },
  { sendDelay, takeUpDelay }: Delays,
): ScheduleVerdict {
  const { asked, sent } = rates;
  if (asked === undefined) return { kind: 'no-schedule' };
  const lateShare = sendDelay.shareAbove(lateMs * 1000);
  const heldRate = asked === 0 ? 1 : sent / asked;
  const p99Ms = sendDelay.quantileUs(0.99) / 1000;
  const figures =
    `${perSecond(sent)} of ${perSecond(asked)} requests/s left in the run, ${percent(lateShare)} of them more than ${lateMs} ms late; ` +
    `99 % left within ${p99Ms.toFixed(1)} ms of their time`;
  if (heldRate >= heldShare && lateShare <= mostLateShare)
    return { kind: 'kept', text: `The schedule was kept: ${figures}.` };
  const own = takeUpDelay.shareAbove(lateMs * 1000);
  const reason =
    own > lateShare / 2
      ? 'This machine had no CPU left for the load tester. Ask for a lower rate, or give it more --workers where cores are free.'
      : `All ${plan.loop.connections} connections were waiting for answers or being opened. More --connections let more requests wait at the server.`;
  return { kind: 'missed', text: `The load tester could not keep its schedule: ${figures}. ${reason}` };
}

function perSecond(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString('en') : rate.toFixed(1);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 2 : 0)} %`;
}
