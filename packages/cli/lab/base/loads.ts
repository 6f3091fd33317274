import { setTimeout as delay } from 'node:timers/promises';

import { Tally, type Summary } from './tally.js';
import type { Visitors } from './visitors.js';

const msPerSecond = 1_000;
/** Timers come late on a busy machine; what was due is sent at the next turn. */
const turnMs = 5;

/** So many visitors at once, each of whom comes again when answered: no more come than are served. */
export async function closedLoop(visitors: Visitors, atOnce: number, seconds: number): Promise<Summary> {
  const tally = new Tally();
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + seconds * msPerSecond;
  const visitor = async (): Promise<void> => {
    while (performance.now() < endsAtMs) {
      const { kind, ending, latencyMs } = await visitors.visit();
      tally.add(kind, ending, latencyMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, visitor));
  return tally.summarize((performance.now() - startedAtMs) / msPerSecond);
}

/** So many visitors in each second, whatever becomes of those before them. */
export async function openLoop(visitors: Visitors, perSecond: number, seconds: number): Promise<Summary> {
  const tally = new Tally();
  const startedAtMs = performance.now();
  const underWay: Promise<void>[] = [];
  const total = Math.round(perSecond * seconds);
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAtMs) / msPerSecond) * perSecond));
    for (; sent < due; sent += 1)
      underWay.push(
        visitors.visit().then(({ kind, ending, latencyMs }) => tally.add(kind, ending, latencyMs)),
      );
    if (sent < total) await delay(turnMs);
  }
  const sentForSeconds = (performance.now() - startedAtMs) / msPerSecond;
  await Promise.all(underWay);
  return tally.summarize(sentForSeconds);
}
