import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '#bootstrap/progress.mjs';
import type { LoadPlan } from '#cli/load/load-plan.js';
import { errorCount } from '#cli/load/load-result.js';
import { runLoad } from '#cli/load/run-load.js';
import { BareServer } from '../reads/bare-server-process.js';
import { renderWrkScript, runWrk } from '../reads/wrk.js';
import { describeMachine } from '../report/machine.js';
import {
  highestRatio,
  summarizeRate,
  type HighestRound,
  type LoadTesterResult,
  type RateFigures,
  type RateRound,
} from './load-tester-result.js';
import type { LoadTesterOptions } from './load-tester-command.js';
import { reckonedQuantileMs } from './reckoned-latency.js';

const connections = 64;
const warmUpMs = 2_000;
const paths = ['/api/products/a', '/api/products/b'];
/** As long as the answer to a read of one product. */
const body = JSON.stringify({ sku: 'a', name: 'x'.repeat(60), priceMinor: 100, available: 10 });
/** Above it, a second process sends. */
const rateOfOneWorker = 25_000;

/** Measures the load tester itself, against a server that does nothing and beside a load tester in C. */
export async function benchLoadTester(
  options: LoadTesterOptions,
  wrk: string,
  progress: Progress,
): Promise<LoadTesterResult> {
  const { rounds, seconds, rates } = options;
  const machine = describeMachine({ wrk });
  const server = await BareServer.start(body);
  try {
    const bench = new LoadTesterBench(server.port, seconds, wrk);
    const repeat = async <Round>(title: string, measure: () => Promise<Round>): Promise<Round[]> => {
      const taken: Round[] = [];
      for (let round = 1; round <= rounds; round++)
        taken.push(await progress.step(`${title}, round ${round} of ${rounds}`, measure));
      return taken;
    };
    const highest = await repeat('highest rate', () => bench.highest());
    const figures: RateFigures[] = [];
    for (const rate of rates)
      figures.push(summarizeRate(rate, await repeat(`${rate} requests/s`, () => bench.atRate(rate))));
    return {
      machine,
      seconds,
      connections,
      highest: { rounds: highest, ratio: highestRatio(highest) },
      rates: figures,
    };
  } finally {
    server.close();
  }
}

class LoadTesterBench {
  constructor(
    private readonly port: number,
    private readonly seconds: number,
    private readonly wrk: string,
  ) {}

  async highest(): Promise<HighestRound> {
    const wrkPerSecond = await this.runWrk();
    const { rates } = await runLoad({ ...this.plan(), loop: { kind: 'closed', connections } });
    return { wrkPerSecond, loadPerSecond: rates.answered };
  }

  async atRate(rate: number): Promise<RateRound> {
    const workers = Math.min(availableParallelism(), Math.ceil(rate / rateOfOneWorker));
    const loop = { kind: 'open', shape: { kind: 'constant', rate }, connections: 1_024 } as const;
    const result = await runLoad({ ...this.plan(), loop, workers, keepLog: true });
    const { total, sendDelay, log } = result;
    return {
      sentShare: total.sent / total.due,
      sendDelayP99Ms: sendDelay.quantileUs(0.99) / 1000,
      errors: errorCount(total),
      p99Ms: total.latency.quantileUs(0.99) / 1000,
      reckonedP99Ms: reckonedQuantileMs(log, rate, (rate * warmUpMs) / 1000, 0.99),
    };
  }

  private plan(): Omit<LoadPlan, 'loop'> {
    return {
      host: '127.0.0.1',
      port: this.port,
      kinds: [{ name: 'get', weight: 1, method: 'GET', paths, expected: [200] }],
      durationMs: this.seconds * 1000,
      warmUpMs,
      timeoutMs: 10_000,
      seed: 1,
      clients: 1,
      workers: 1,
    };
  }

  private async runWrk(): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), 'tristate-wrk-'));
    try {
      const scriptPath = join(folder, 'paths.lua');
      writeFileSync(scriptPath, renderWrkScript(paths));
      const { requestsPerSecond } = await runWrk({
        program: this.wrk,
        port: this.port,
        scriptPath,
        connections,
        seconds: this.seconds,
      });
      return requestsPerSecond;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
