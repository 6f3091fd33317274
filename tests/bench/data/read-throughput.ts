import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLimitDatabase, type LimitDatabase } from '../limit/limit-database.js';
import { runPgbench } from '../limit/pgbench.js';
import type { BenchPlatform } from '../platform/bench-platform.js';
import { Customers } from '../platform/customers.js';
import { runChild } from '../run-child.js';
import { databaseAt } from './database-servers.js';
import type { ReadRound } from './data-result.js';
import type { ReadPlan, ReadResult } from './read-plan.js';
import { renderSelectScript } from './select-script.js';

export const readConnections = 32;
const readers = 16;
const connectMs = 500;
const loadProgram = join(import.meta.dirname, 'read-load.js');

/**
 * Own accounts read through the shop from whichever server may answer, and the same statement from the same servers by
 * pgbench: as many connections, shared out among them.
 */
export class ReadThroughput {
  private readonly folder = mkdtempSync(join(tmpdir(), 'tristate-pgbench-'));

  private constructor(
    private readonly platform: BenchPlatform,
    private readonly pgbench: string,
    private readonly customers: Customers,
    private readonly servers: readonly LimitDatabase[],
  ) {}

  static async prepare(platform: BenchPlatform, pgbench: string): Promise<ReadThroughput> {
    const customers = await Customers.open(`http://127.0.0.1:${platform.port}`, readers);
    const database = await createLimitDatabase(platform.platform.state, platform.postgresPort);
    // With replicas, the primary is left to writes.
    const { replicaPorts, postgresPort } = platform;
    const ports = replicaPorts.length === 0 ? [postgresPort] : replicaPorts;
    return new ReadThroughput(platform, pgbench, customers, await databaseAt(database, ports));
  }

  async round(seconds: number): Promise<ReadRound> {
    return { selectsPerSecond: await this.select(seconds), shop: await this.read(seconds) };
  }

  async read(seconds: number): Promise<ReadResult> {
    const tokens = await this.customers.logIn();
    const plan: ReadPlan = {
      url: `http://127.0.0.1:${this.platform.port}`,
      connections: readConnections,
      requests: tokens.map((token, index) => ({
        path: `/api/accounts/${this.customers.ids[index] ?? ''}`,
        token,
      })),
      consistency: 'eventual',
      warmUpMs: connectMs,
      measureMs: seconds * 1000,
    };
    return runChild<ReadPlan, ReadResult>(loadProgram, plan);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async select(seconds: number): Promise<number> {
    const scriptPath = join(this.folder, 'select.sql');
    writeFileSync(scriptPath, await renderSelectScript());
    const clients = readConnections / this.servers.length;
    const results = await Promise.all(
      this.servers.map(({ url, password }) =>
        runPgbench({ program: this.pgbench, url, password, scriptPath, clients, seconds, firstNumber: 0 }),
      ),
    );
    return results.reduce((sum, { transactionsPerSecond }) => sum + transactionsPerSecond, 0);
  }
}
