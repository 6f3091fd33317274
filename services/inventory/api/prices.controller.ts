import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import { pricesQuerySchema, pricesPath, type Prices } from '#platform/catalogue/prices-resource.js';
import { ServiceGuard } from '#platform/http/service-guard.js';
import { PostgresProducts } from '../storage/products.js';

/** What the order service asks for, where the services speak REST. */
@Controller(pricesPath)
@UseGuards(ServiceGuard)
export class PricesController {
  constructor(@Inject(PostgresProducts) private readonly products: PostgresProducts) {}

  @Get()
  async quote(@Query({ schema: pricesQuerySchema }) { sku }: { sku: string[] }): Promise<Prices> {
    const prices = await this.products.quote(sku);
    return { prices: [...prices].map(([sku, priceMinor]) => ({ sku, priceMinor })) };
  }
}
