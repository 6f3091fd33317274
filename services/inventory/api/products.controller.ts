import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Cache } from '#platform/cache/cache.js';
import { productQuerySchema, type productPageSchema } from '#platform/catalogue/products.js';
import { Reads } from '#platform/consistency/reads.js';
import { Problem } from '#platform/errors/problem.js';
import { Admission } from '#platform/overload/admission.js';
import type { Product } from '../domain/products.js';
import { readProduct, readStaleProduct } from '../domain/read-product.js';
import { PostgresProducts } from '../storage/products.js';
import { skuSchema } from './schemas.js';

const msPerSecond = 1_000;

@Controller('api/products')
export class ProductsController {
  constructor(
    @Inject(PostgresProducts) private readonly products: PostgresProducts,
    @Inject(Cache) private readonly cache: Cache<Product> | undefined,
    @Inject(Reads) private readonly reads: Reads | undefined,
    @Inject(Admission) private readonly admission: Admission,
  ) {}

  @Get()
  async search(
    @Query({ schema: productQuerySchema }) query: z.infer<typeof productQuerySchema>,
  ): Promise<z.infer<typeof productPageSchema>> {
    const { items, total } = await this.products.search(query);
    return { items: [...items], page: query.page, pageSize: query.pageSize, total };
  }

  @Get(':sku')
  async show(
    @Param('sku', { schema: skuSchema }) sku: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Product> {
    if (this.admission.isPressed) {
      const stale = await readStaleProduct(this.cache, this.reads, sku);
      if (stale !== undefined) return this.degrade(stale, reply);
      if (this.admission.refusesReads) throw this.admission.refusal('read');
    }
    const product = await readProduct(this.products, this.cache, this.reads, sku);
    if (product === undefined) throw new Problem('not-found', `There is no product ${sku}`);
    return product;
  }

  private degrade({ value, ageMs }: { value: Product; ageMs: number }, reply: FastifyReply): Product {
    this.admission.degraded();
    void reply.header('X-Degraded', 'stale').header('Age', String(Math.floor(ageMs / msPerSecond)));
    return value;
  }
}
