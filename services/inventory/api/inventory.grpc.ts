import {
  InventoryService,
  type InventoryServer,
  type QuoteReply,
  type QuoteRequest,
} from '#generated/tristate/inventory/v1/inventory.js';
import type { PriceSource } from '#platform/catalogue/price-source.js';
import { Problem } from '#platform/errors/problem.js';
import type { GrpcServer } from '#platform/grpc/grpc-server.js';
import { unary } from '#platform/grpc/unary-handler.js';

/** As many as an order may have items. */
const mostSkus = 100;

export function serveInventory(server: GrpcServer, prices: PriceSource): void {
  const implementation: InventoryServer = {
    quote: unary<QuoteRequest, QuoteReply>(async ({ skus }) => {
      if (skus.length > mostSkus) throw new Problem('validation-failed', `at most ${mostSkus} skus at once`);
      const quoted = await prices.quote(skus, Number.POSITIVE_INFINITY);
      return { prices: [...quoted].map(([sku, priceMinor]) => ({ sku, priceMinor })) };
    }),
  };
  server.add(InventoryService, implementation);
}
