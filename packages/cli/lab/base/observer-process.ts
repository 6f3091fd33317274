// A visitor with time to spare, in a process of its own: gets one plan, says when it is ready, and what it has seen when that is over.
import { openLoop } from './loads.js';
import type { ObserverMessage, ObserverPlan } from './observer.js';
import { Visitors } from './visitors.js';

const mostConnections = 200;

async function observe({ url, deadlineMs, pagesPerOrder, perSecond, seconds }: ObserverPlan): Promise<void> {
  const visitors = new Visitors(url, { customers: 1, mostConnections, deadlineMs, pagesPerOrder });
  await visitors.open();
  const begun = new Promise<void>((resolve) => process.once('message', () => resolve()));
  await tell({ kind: 'ready' });
  await begun;
  await tell({ kind: 'seen', summary: await openLoop(visitors, perSecond, seconds) });
}

function tell(message: ObserverMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

// Whoever wanted to know is gone.
process.once('disconnect', () => process.exit(1));
process.once('message', (plan: ObserverPlan) => {
  observe(plan).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
});
