import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { clientStrategies, frontDoorStrategies } from '#protocols/balancing/strategy.js';
import type { ControlClient } from '../control-client.js';

const balancingSchema = z.object({
  frontDoor: z.enum(frontDoorStrategies),
  grpc: z.enum(clientStrategies),
  adaptive: z.boolean(),
  weights: z.record(z.string(), z.int()),
});
export type Balancing = z.infer<typeof balancingSchema>;
export type BalancingChange = Partial<Balancing>;

export function readBalancing(control: ControlClient): Promise<Balancing> {
  const call = { method: 'GET', path: '/control/balancing' } as const;
  return control.ask(call, balancingSchema, 'How the shop balances could not be read');
}

/** What is left out stays as it is. */
export function changeBalancing(control: ControlClient, change: BalancingChange): Promise<Balancing> {
  const call = { method: 'PUT', path: '/control/balancing', body: change } as const;
  return control.ask(call, balancingSchema, 'How the shop balances could not be changed');
}

/** nginx takes a new configuration over within half a second; a loaded machine takes longer. */
const followsWithinMs = 5_000;
const askAgainMs = 50;
/** For a tenth of a second workers of the old and of the new configuration answer side by side. */
const timesSeen = 4;

/** Waits until nginx chooses copies by a strategy; false when it does not in time. */
export async function frontDoorFollows(url: string, strategy: string): Promise<boolean> {
  const endsAtMs = Date.now() + followsWithinMs;
  for (let seen = 0; ;) {
    seen = (await strategyOf(url)) === strategy ? seen + 1 : 0;
    if (seen >= timesSeen) return true;
    if (Date.now() >= endsAtMs) return false;
    await delay(askAgainMs);
  }
}

async function strategyOf(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.headers.get('x-balancing') ?? undefined;
  } catch {
    // A worker that ends closes its connections.
    return undefined;
  }
}
