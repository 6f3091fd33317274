import { randomUUID } from 'node:crypto';

import type { ControlClient, FaultRequest, RecordedTransaction, Verdict } from '../control-client.js';
import type { NewOrder, PlacedOrder, Shopper } from '../shopper.js';
import { drawDiagram } from './diagram.js';
import {
  describeDivergence,
  describeHolds,
  describeMissing,
  describeOrder,
  summarizeLaws,
} from './describe-verdict.js';
import type { WrittenFault } from './fault-syntax.js';
import { holdsOf } from './measure.js';
import { settledTransaction } from './settle.js';
import { withFaults } from './with-faults.js';

/** Who takes part in a performance besides the shop. */
export interface Cast {
  readonly control: ControlClient;
  readonly shopper: Shopper;
  readonly progress: (text: string) => void;
}

/** An order that was placed under faults, and all that became of it. */
export interface Performance {
  readonly order: PlacedOrder;
  /** Undefined when no order came of it. */
  readonly transaction: RecordedTransaction | undefined;
  readonly verdict: Verdict;
}

const traceTtlMs = 120_000;
const onceTtlMs = 60_000;
const longestSettlingMs = 20_000;
const lawsWaitMs = 15_000;
const progressEveryMs = 2_000;

export interface Staging {
  readonly faults: readonly WrittenFault[];
  /** How long a fault acts that acts repeatedly. */
  readonly faultTtlMs: number;
  /** Runs while the order has no outcome yet. */
  readonly meanwhile?: () => Promise<void>;
}

/** Places one order under faults that hit nobody else, waits until all has come to rest, and has the laws checked. */
export async function performOrder(
  cast: Cast,
  order: NewOrder,
  { faults, faultTtlMs, meanwhile }: Staging,
): Promise<Performance> {
  const { control, progress } = cast;
  const correlationId = `theatre-${randomUUID()}`;
  await control.trace(correlationId, traceTtlMs);
  return withFaults(control, async (setFault) => {
    for (const fault of faults) await setFault(faultRequest(fault, correlationId, faultTtlMs));
    const [placed] = await Promise.all([placeWatched(cast, order, correlationId), meanwhile?.()]);
    if (placed.id === undefined) {
      return { order: placed, transaction: undefined, verdict: await control.invariants(lawsWaitMs) };
    }
    const pauseMs = Math.max(0, ...faults.map(({ durationMs }) => durationMs ?? 0)) || undefined;
    const transaction = await settledTransaction(control, placed.id, {
      longestMs: longestSettlingMs,
      pauseMs,
      progress,
    });
    return { order: placed, transaction, verdict: await control.invariants(lawsWaitMs) };
  });
}

/** Places an order and waits for its outcome, saying now and then that it still waits. */
async function placeWatched(
  { shopper, progress }: Cast,
  order: NewOrder,
  correlationId: string,
): Promise<PlacedOrder> {
  const started = performance.now();
  const ticker = setInterval(() => {
    progress(`the order has had no outcome for ${Math.round((performance.now() - started) / 1000)} s`);
  }, progressEveryMs);
  try {
    return await shopper.placeOrder(order, { wait: true, correlationId });
  } finally {
    clearInterval(ticker);
  }
}

/** A takeover is nobody's request: a fault there can only be for all. */
function isForAll({ point }: WrittenFault): boolean {
  return point.startsWith('coordinator.takeover.');
}

function faultRequest(fault: WrittenFault, correlationId: string, ttlMs: number): FaultRequest {
  const { point, action, durationMs, process, nth, repeated } = fault;
  return {
    point,
    action,
    ttlMs: repeated ? ttlMs : onceTtlMs,
    durationMs,
    process,
    nth,
    times: repeated ? undefined : 1,
    correlationId: isForAll(fault) ? undefined : correlationId,
  };
}

/** The diagram, how it ended, how long was waited, and the verdict of the checker. */
export function describePerformance(
  { order, transaction, verdict }: Performance,
  faults: readonly WrittenFault[],
  colour: boolean,
): string {
  const events = transaction?.events ?? [];
  const idle = faults.filter(
    (fault) =>
      !isForAll(fault) && !events.some(({ what }) => what.kind === 'fault' && what.point === fault.point),
  );
  const lines = [
    drawDiagram(events, { colour }),
    describeOrder(order),
    describeHolds(holdsOf(events)),
    ...idle.map(({ point }) => `the fault at ${point} never acted: this order did not come by`),
    ...describeDivergence(order.id, events),
    ...describeMissing(transaction?.missing ?? []),
    ...summarizeLaws(verdict),
  ];
  return `${lines.join('\n')}\n`;
}
