import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Cache } from '#platform/cache/cache.js';
import { Problem } from '#platform/errors/problem.js';
import type { Product } from '../domain/products.js';
import { readProduct } from '../domain/read-product.js';
import { PostgresProducts } from '../storage/products.js';
import { productQuerySchema, skuSchema, type productPageSchema } from './schemas.js';

@Controller('api/products')
export class ProductsController {
  constructor(
    @Inject(PostgresProducts) private readonly products: PostgresProducts,
    @Inject(Cache) private readonly cache: Cache<Product> | undefined,
  ) {}

  @Get()
  async search(
    @Query({ schema: productQuerySchema }) query: z.infer<typeof productQuerySchema>,
  ): Promise<z.infer<typeof productPageSchema>> {
    const { items, total } = await this.products.search(query);
    return { items: [...items], page: query.page, pageSize: query.pageSize, total };
  }

  @Get(':sku')
  async show(@Param('sku', { schema: skuSchema }) sku: string): Promise<Product> {
    const product = await readProduct(this.products, this.cache, sku);
    if (product === undefined) throw new Problem('not-found', `There is no product ${sku}`);
    return product;
  }
}
