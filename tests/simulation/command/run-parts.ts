import { Worker } from 'node:worker_threads';
import type { Campaign, CampaignResult } from '#simulator/campaign.js';

/** Runs parts of campaigns on several cores; `done` hears of each result. Ends early when `done` says so. */
export async function runParts(
  parts: readonly Campaign[],
  workers: number,
  done: (result: CampaignResult) => 'go-on' | 'stop',
): Promise<void> {
  const queue = [...parts];
  let isStopped = false;
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.js', import.meta.url));
      const next = (): void => {
        const part = isStopped ? undefined : queue.shift();
        if (part !== undefined) worker.postMessage(part);
        else worker.terminate().then(() => resolve(), reject);
      };
      worker.on('error', reject);
      worker.on('message', (result: CampaignResult) => {
        if (done(result) === 'stop') isStopped = true;
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: workers }, run));
}
