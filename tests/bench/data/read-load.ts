// Reads from the shop, in a process of its own: gets one plan, answers one result, and ends.
import { setTimeout as delay } from 'node:timers/promises';
import { headerNamed, HttpConnection } from '#cli/consistency/http-connection.js';
import { Histogram } from '#protocols/histogram.js';
import type { ReadPlan, ReadResult } from './read-plan.js';

const readFrom = headerNamed('x-read-from');
const answerTimeoutMs = 15_000;

async function run(plan: ReadPlan): Promise<ReadResult> {
  const statuses: Record<string, number> = {};
  const servers: Record<string, number> = {};
  const histogram = new Histogram();
  let measuring = false;
  let isOver = false;
  const read = async (index: number): Promise<void> => {
    const { path, token } = plan.requests[index % plan.requests.length] ?? { path: '/', token: '' };
    const headers = { Authorization: `Bearer ${token}`, 'X-Consistency': plan.consistency };
    const connection = new HttpConnection(new URL(plan.url), answerTimeoutMs);
    while (!isOver) {
      const startedAt = performance.now();
      const outcome = await connection.request({ method: 'GET', path, headers });
      const status = outcome.kind === 'response' ? String(outcome.status) : 'lost';
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (outcome.kind === 'lost' || !measuring) continue;
      histogram.record((performance.now() - startedAt) * 1000);
      const server = readFrom(outcome.head) ?? 'not told';
      servers[server] = (servers[server] ?? 0) + 1;
    }
    connection.close();
  };
  const running = Array.from({ length: plan.connections }, (_, index) => read(index));
  await delay(plan.warmUpMs);
  const startedAt = performance.now();
  measuring = true;
  await delay(plan.measureMs);
  measuring = false;
  const measuredMs = performance.now() - startedAt;
  isOver = true;
  await Promise.all(running);
  return {
    readsPerSecond: (histogram.count / measuredMs) * 1000,
    p50Ms: histogram.quantileUs(0.5) / 1000,
    p99Ms: histogram.quantileUs(0.99) / 1000,
    statuses,
    servers,
  };
}

process.once('message', (plan: ReadPlan) => {
  void run(plan).then((result) => process.send?.(result, () => process.exit(0)));
});
// Whoever asked for the load is gone.
process.once('disconnect', () => process.exit(1));
