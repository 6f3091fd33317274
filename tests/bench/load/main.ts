// The load generator, a process of its own: gets one plan, answers one result, and ends.
import { setTimeout as delay } from 'node:timers/promises';
import { Histogram } from '#protocols/histogram.js';
import type { LoadPlan, LoadResult } from './load-plan.js';
import { OrderClient } from './order-client.js';

const created = 201;
const lastAnswersMs = 15_000;

async function run(plan: LoadPlan): Promise<LoadResult> {
  const statuses: Record<string, number> = {};
  const histogram = new Histogram();
  let measuring = false;
  const onAnswer = (status: number, latencyMs: number): void => {
    const name = status === 0 ? 'lost' : String(status);
    statuses[name] = (statuses[name] ?? 0) + 1;
    if (measuring && status === created) histogram.record(latencyMs * 1000);
  };
  const { port, bodies, clients, tokens, keyPrefix } = plan;
  const running = Array.from({ length: clients }, (_, index) => {
    const token = tokens[index % tokens.length] ?? '';
    return new OrderClient({ port, token, bodies, keyPrefix: `${keyPrefix}-${index}` }, onAnswer);
  });
  await delay(plan.warmUpMs);
  const startedAtMs = performance.now();
  const cpuBefore = process.cpuUsage();
  measuring = true;
  await delay(plan.measureMs);
  measuring = false;
  const measuredMs = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  await Promise.race([
    Promise.all(running.map((client) => client.stop())),
    delay(lastAnswersMs, undefined, { ref: false }),
  ]);
  return {
    measuredMs,
    placed: histogram.count,
    p50Us: histogram.quantileUs(0.5),
    p99Us: histogram.quantileUs(0.99),
    statuses,
    cpuShare: (user + system) / 1000 / measuredMs,
  };
}

process.once('message', (plan: LoadPlan) => {
  void run(plan).then((result) => process.send?.(result, () => process.exit(0)));
});
// Whoever asked for the load is gone.
process.once('disconnect', () => process.exit(1));
