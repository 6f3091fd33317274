import { ControlClient } from '../control-client.js';
import { Failure } from '../failure.js';
import { printJson } from '../options.js';
import type { NewOrder, PlacedOrder, Shopper } from '../shopper.js';
import { describeOrder, summarizeLaws } from './describe-verdict.js';
import type { WrittenFault } from './fault-syntax.js';
import { holdsOf } from './measure.js';
import { describePerformance, performOrder } from './perform-order.js';

interface ExplainOptions {
  readonly state: string;
  readonly json?: true;
  readonly explain: boolean;
  readonly faults: readonly WrittenFault[];
  /** How long a fault acts that acts repeatedly. */
  readonly faultTtl: number;
}

/** Places one order under faults; with `explain`, draws what really happened. */
export async function explainOrder(
  shopper: Shopper,
  newOrder: NewOrder,
  { state, json, explain, faults, faultTtl }: ExplainOptions,
): Promise<void> {
  const cast = { control: ControlClient.ofRun(state), shopper, progress };
  const performed = await performOrder(cast, newOrder, { faults, faultTtlMs: faultTtl });
  const { order, transaction, verdict } = performed;
  if (explain && transaction === undefined && !json) {
    throw new Failure(`No order came of it, so there is nothing to draw: ${describeOrder(order)}`);
  }
  if (json) {
    const { events = [], log = [] } = transaction ?? {};
    printJson({ order, ...(explain && { events, log, holds: holdsOf(events) }), verdict });
  } else if (explain) {
    process.stdout.write(describePerformance(performed, faults, hasColour()));
  } else {
    process.stdout.write(`${[describeOrder(order), ...summarizeLaws(verdict)].join('\n')}\n`);
  }
  process.exitCode = hasFailed(order) || !verdict.ok ? 1 : 0;
}

function hasFailed({ outcome }: PlacedOrder): boolean {
  return outcome === 'UNKNOWN' || outcome === 'FAILED';
}

/** Tells on stderr what is waited for, so that what is printed on stdout stays clean. */
export function progress(text: string): void {
  process.stderr.write(`… ${text}\n`);
}

export function hasColour(): boolean {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
}
