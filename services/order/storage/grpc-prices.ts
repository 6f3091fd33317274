import { InventoryClient } from '#generated/tristate/inventory/v1/inventory.js';
import type { PriceSource } from '#platform/catalogue/price-source.js';
import { Problem } from '#platform/errors/problem.js';
import type { GrpcClients } from '#platform/grpc/grpc-client.js';

/** A copy that is silent leaves as much time for another. */
const firstTryShare = 0.5;

/** Prices from the inventory service. */
export class GrpcPrices implements PriceSource {
  private readonly inventory: InventoryClient;

  constructor(private readonly clients: GrpcClients) {
    this.inventory = clients.connectTo(InventoryClient, 'inventory');
  }

  async quote(skus: readonly string[], deadlineAtMs: number): Promise<ReadonlyMap<string, number>> {
    const method = this.inventory.quote.bind(this.inventory);
    const settings = { idempotent: true, key: skus[0] ?? '', firstTryShare };
    const result = await this.clients.call(
      'Inventory/Quote',
      method,
      { skus: [...skus] },
      deadlineAtMs,
      settings,
    );
    if (result.outcome !== 'success') throw new Problem('upstream-unavailable', 'Inventory does not answer');
    return new Map(result.reply.prices.map(({ sku, priceMinor }) => [sku, priceMinor]));
  }
}
