import { Controller, Get, Inject, Query } from '@nestjs/common';
import type { z } from 'zod';
import { productQuerySchema, type productPageSchema } from '#platform/catalogue/products.js';
import { searchProducts } from '../domain/search-products.js';
import { IndexFollower } from '../storage/index-follower.js';
import { PostgresProducts } from '../storage/stored-products.js';

/** The list of products: the same call as inventory's, which answers it where there is no search. */
@Controller('api/products')
export class SearchController {
  constructor(
    @Inject(IndexFollower) private readonly index: IndexFollower,
    @Inject(PostgresProducts) private readonly products: PostgresProducts,
  ) {}

  @Get()
  async search(
    @Query({ schema: productQuerySchema }) query: z.infer<typeof productQuerySchema>,
  ): Promise<z.infer<typeof productPageSchema>> {
    const { items, total } = await searchProducts(this.index, this.products, query);
    return { items: [...items], page: query.page, pageSize: query.pageSize, total };
  }
}
