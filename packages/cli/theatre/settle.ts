import { setTimeout as delay } from 'node:timers/promises';
import type { ProtocolEvent } from '#platform/trace/protocol-event.js';

import type { ControlClient, RecordedTransaction } from '../control-client.js';
import { holdsOf, missingProcesses } from './measure.js';

const pollMs = 250;
/** So many looks in a row that show nothing new mean that nothing more comes. */
const quietLooks = 3;
/** What a paused process does after it has woken up is part of the story. */
const wakeUpMs = 700;
/** As long as a pause is when a fault does not say. */
const usualPauseMs = 5_000;

export interface Settling {
  readonly longestMs: number;
  /** How long the pauses take that were asked for. */
  readonly pauseMs?: number | undefined;
  readonly progress: (text: string) => void;
}

/** Waits until all that takes part in a transaction has come to rest: crashed processes are back, nothing is held. */
export async function settledTransaction(
  control: ControlClient,
  gid: string,
  { longestMs, pauseMs = usualPauseMs, progress }: Settling,
): Promise<RecordedTransaction> {
  const deadline = performance.now() + longestMs;
  let quiet = 0;
  let count = -1;
  let told = '';
  for (;;) {
    const transaction = await control.transaction(gid);
    const reason = unrest(transaction.events, pauseMs);
    quiet = transaction.events.length === count ? quiet + 1 : 0;
    count = transaction.events.length;
    if (performance.now() >= deadline || (reason === undefined && quiet >= quietLooks)) return transaction;
    if (reason !== undefined && reason !== told) progress(reason);
    told = reason ?? told;
    await delay(pollMs);
  }
}

/** What is still to come; undefined when all is at rest. */
export function unrest(
  events: readonly ProtocolEvent[],
  pauseMs: number,
  nowUs = Date.now() * 1000,
): string | undefined {
  if (!events.some(({ what }) => what.kind === 'ended')) return 'waiting for the end of the transaction';
  const missing = missingProcesses(events);
  if (missing.length > 0) return `waiting for ${missing.join(', ')} to come back`;
  const held = holdsOf(events).filter(({ end }) => end === undefined);
  if (held.length > 0) return `waiting for the branch of ${held.map(({ service }) => service).join(', ')}`;
  const pause = events.find(
    ({ atUs, what }) =>
      what.kind === 'fault' && what.action === 'pause' && nowUs - atUs < (pauseMs + wakeUpMs) * 1000,
  );
  return pause === undefined ? undefined : `waiting for ${pause.process} to wake up`;
}
