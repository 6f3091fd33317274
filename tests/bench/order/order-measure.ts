import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCounts, type CommitCounts } from '../commit/commit-counts.js';
import { createLimitDatabase, type LimitDatabase } from '../limit/limit-database.js';
import { customerCount, renderOrderScript, type OrderCase, type Skew } from '../limit/order-script.js';
import { connectSeconds, runPgbench } from '../limit/pgbench.js';
import type { LoadPlan, LoadResult } from '../load/load-plan.js';
import type { BenchPlatform } from '../platform/bench-platform.js';
import { cpuSecondsBetween, readCpuSeconds, type CpuSeconds } from '../platform/cpu-time.js';
import { Customers, listSkus } from '../platform/customers.js';
import { runChild } from '../run-child.js';

export interface OrderMeasurement extends LoadResult {
  /** CPU seconds of each part of the platform, over warm-up and measurement. */
  readonly cpuSeconds: CpuSeconds;
}

const loadProgram = join(import.meta.dirname, '../load/main.js');
/** More orders than a client can place in a second. */
const mostOrdersEachSecond = 20_000;
/** Order numbers have eight digits. */
const firstOrderNumber = 10_000_000;
const connectMs = 500;

/** Places orders on one platform, and runs their limit on its PostgreSQL server. */
export class OrderMeasure {
  private readonly scripts = mkdtempSync(join(tmpdir(), 'tristate-pgbench-'));
  private nextOrderNumber = firstOrderNumber;

  private constructor(
    private readonly platform: BenchPlatform,
    private readonly pgbench: string,
    private readonly customers: Customers,
    private readonly skus: readonly string[],
    private readonly database: LimitDatabase,
  ) {}

  static async prepare(platform: BenchPlatform, pgbench: string): Promise<OrderMeasure> {
    const url = `http://127.0.0.1:${platform.port}`;
    const customers = await Customers.open(url, customerCount);
    const database = await createLimitDatabase(platform.platform.state, platform.postgresPort);
    return new OrderMeasure(platform, pgbench, customers, await listSkus(url), database);
  }

  /** Orders per second of `clients` customers, each of whom places one after the other. */
  async placeOrders(
    protocol: OrderCase,
    clients: number,
    seconds: number,
    skew: Skew = 'spread',
  ): Promise<OrderMeasurement> {
    const tokens = await this.customers.logIn();
    const asked = protocol === 'local' ? {} : { protocol };
    const before = readCpuSeconds(this.platform.processes);
    const result = await runChild<LoadPlan, LoadResult>(loadProgram, {
      port: this.platform.port,
      clients,
      warmUpMs: connectMs,
      measureMs: seconds * 1000,
      keyPrefix: randomBytes(6).toString('hex'),
      tokens,
      bodies: (skew === 'hot' ? this.skus.slice(0, 1) : this.skus).map((sku) =>
        JSON.stringify({ items: [{ sku, quantity: 1 }], ...asked }),
      ),
    });
    const after = readCpuSeconds(this.platform.processes);
    await this.platform.checkInvariants();
    return { ...result, cpuSeconds: cpuSecondsBetween(before, after) };
  }

  /** Orders per second of pgbench, which runs the SQL of such an order and nothing else. */
  async runLimit(
    protocol: OrderCase,
    clients: number,
    seconds: number,
    skew: Skew = 'spread',
  ): Promise<number> {
    const scriptPath = join(this.scripts, `${protocol}-${skew}.sql`);
    writeFileSync(scriptPath, await renderOrderScript(protocol, skew));
    const firstNumber = this.nextOrderNumber;
    this.nextOrderNumber += (seconds + connectSeconds + 1) * mostOrdersEachSecond;
    const { url, password } = this.database;
    const plan = { program: this.pgbench, url, password, scriptPath, clients, seconds, firstNumber };
    return (await runPgbench(plan)).transactionsPerSecond;
  }

  /** What was written and sent so far. */
  readCounts(): Promise<CommitCounts> {
    const url = new URL(this.database.url);
    url.password = this.database.password;
    return readCounts(this.platform, url.href);
  }

  close(): void {
    rmSync(this.scripts, { recursive: true, force: true });
  }
}
