import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadRound } from '../order/order-result.js';
import { listSkus } from '../platform/customers.js';
import { BareServer } from './bare-server-process.js';
import { renderWrkScript, runWrk } from './wrk.js';

export const readConnections = 64;

/** Reads products through the front door, and the same number of bytes from a bare server. */
export class ReadMeasure {
  private constructor(
    private readonly wrk: string,
    private readonly frontDoorPort: number,
    private readonly bareServer: BareServer,
    private readonly folder: string,
  ) {}

  static async prepare(frontDoorPort: number, wrk: string): Promise<ReadMeasure> {
    const url = `http://127.0.0.1:${frontDoorPort}`;
    const paths = (await listSkus(url)).map((sku) => `/api/products/${sku}`);
    const sample = await (await fetch(`${url}${paths[0]}`)).text();
    const folder = mkdtempSync(join(tmpdir(), 'tristate-wrk-'));
    writeFileSync(join(folder, 'products.lua'), renderWrkScript(paths));
    return new ReadMeasure(wrk, frontDoorPort, await BareServer.start(sample), folder);
  }

  async round(seconds: number): Promise<ReadRound> {
    const bare = await this.run(this.bareServer.port, seconds);
    const shop = await this.run(this.frontDoorPort, seconds);
    return {
      readsPerSecond: shop.requestsPerSecond,
      bareReadsPerSecond: bare.requestsPerSecond,
      p50Ms: shop.p50Ms,
      p99Ms: shop.p99Ms,
    };
  }

  close(): void {
    this.bareServer.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(port: number, seconds: number): ReturnType<typeof runWrk> {
    const scriptPath = join(this.folder, 'products.lua');
    return runWrk({ program: this.wrk, port, scriptPath, connections: readConnections, seconds });
  }
}
