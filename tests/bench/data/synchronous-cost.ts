import { z } from 'zod';
import { ControlClient } from '#cli/control-client.js';
import { FrontDoorClient } from '#cli/front-door-client.js';
import type { SynchronousMode } from '#platform/config/process-config.js';
import { OrderMeasure } from '../order/order-measure.js';
import type { BenchPlatform } from '../platform/bench-platform.js';
import { sumOf, type SynchronousRound } from './data-result.js';

const settingTimeoutMs = 30_000;
const protocol = 'saga';

/** Orders under an asynchronous primary, and when each commit waits until a replica shows it: the shop's and pgbench's. */
export class SynchronousCost {
  /** Of all orders, by status. */
  statuses: Record<string, number> = {};

  private constructor(
    private readonly control: ControlClient,
    private readonly orders: OrderMeasure,
    private readonly clients: number,
  ) {}

  static async prepare(platform: BenchPlatform, pgbench: string, clients: number): Promise<SynchronousCost> {
    const client = new FrontDoorClient(`http://127.0.0.1:${platform.port}`);
    const control = new ControlClient(client, platform.adminToken);
    return new SynchronousCost(control, await OrderMeasure.prepare(platform, pgbench), clients);
  }

  async warmUp(seconds: number): Promise<void> {
    await this.orders.placeOrders(protocol, this.clients, seconds);
  }

  async round(seconds: number): Promise<SynchronousRound> {
    const none = await this.underMode('none', seconds);
    const remoteApply = await this.underMode('remote_apply', seconds);
    return {
      shop: { none: none.shop, remoteApply: remoteApply.shop },
      pgbench: { none: none.pgbench, remoteApply: remoteApply.pgbench },
    };
  }

  close(): void {
    this.orders.close();
  }

  private async underMode(
    mode: SynchronousMode,
    seconds: number,
  ): Promise<{ shop: number; pgbench: number }> {
    const path = '/control/database/synchronous';
    const call = { method: 'PUT', path, body: { synchronous: mode }, timeoutMs: settingTimeoutMs } as const;
    await this.control.ask(call, z.unknown(), `The mode ${mode} could not be set`);
    const pgbench = await this.orders.runLimit(protocol, this.clients, seconds);
    const { placed, measuredMs, statuses } = await this.orders.placeOrders(protocol, this.clients, seconds);
    this.statuses = sumOf([this.statuses, statuses]);
    return { shop: (placed / measuredMs) * 1000, pgbench };
  }
}
