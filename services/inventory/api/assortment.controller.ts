import { Body, Controller, Inject, Post, UseGuards } from '@nestjs/common';
import type { z } from 'zod';
import { Cache } from '#platform/cache/cache.js';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import { addProduct } from '../domain/add-product.js';
import type { Product } from '../domain/products.js';
import { PostgresProducts } from '../storage/products.js';
import { newProductSchema } from './schemas.js';

/** What the shop sells, for its operator. */
@Controller('control/products')
@UseGuards(AdminGuard)
export class AssortmentController {
  constructor(
    @Inject(PostgresProducts) private readonly products: PostgresProducts,
    @Inject(Cache) private readonly cache: Cache<Product> | undefined,
  ) {}

  @Post()
  async add(@Body({ schema: newProductSchema }) product: z.infer<typeof newProductSchema>): Promise<Product> {
    const added = await addProduct(this.products, this.cache, product);
    if (added === 'sku-taken') throw new Problem('sku-taken', `There is a product ${product.sku}`);
    return product;
  }
}
