import type { Command } from 'commander';
import { newProgress } from '#bootstrap/progress.mjs';
import { requirePgbench } from './find-tools.js';
import { OrderMeasure } from './order-measure.js';
import { BenchPlatform } from './platform/bench-platform.js';

export function addOrderBench(program: Command): void {
  program.command('order').action(async () => {
    const progress = newProgress({ stream: process.stderr });
    const pgbench = requirePgbench();
    const platform = await BenchPlatform.start({ stage: 10, progress });
    try {
      const measure = await OrderMeasure.prepare(platform, pgbench);
      await measure.placeOrders('saga', 16, 5);
      for (const protocol of ['saga', '2pc'] as const)
        for (const clients of [16]) {
          const limit = await measure.runLimit(protocol, clients, 5);
          const r = await measure.placeOrders(protocol, clients, 5);
          console.log(protocol, clients, 'limit', limit, JSON.stringify(r), (r.placed / r.measuredMs) * 1000);
        }
      measure.close();
    } finally {
      await platform.stop();
    }
  });
}
