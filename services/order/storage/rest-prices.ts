import { pricesPath, pricesSchema } from '#platform/catalogue/prices-resource.js';
import type { PriceSource } from '#platform/catalogue/price-source.js';
import { Problem } from '#platform/errors/problem.js';
import type { RestClients } from '#platform/rest/rest-client.js';

/** Prices from the inventory service, over REST. */
export class RestPrices implements PriceSource {
  constructor(private readonly clients: RestClients) {}

  async quote(skus: readonly string[], deadlineAtMs: number): Promise<ReadonlyMap<string, number>> {
    const query = new URLSearchParams(skus.map((sku): [string, string] => ['sku', sku]));
    const result = await this.clients.call({
      name: 'prices',
      service: 'inventory',
      method: 'GET',
      path: `${pricesPath}?${query.toString()}`,
      key: skus[0] ?? '',
      deadlineAtMs,
      reply: pricesSchema,
    });
    if (result.outcome !== 'success') throw new Problem('upstream-unavailable', 'Inventory does not answer');
    return new Map(result.reply.prices.map(({ sku, priceMinor }) => [sku, priceMinor]));
  }
}
