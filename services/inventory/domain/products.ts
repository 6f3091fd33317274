import type { Product, ProductPage, ProductQuery } from '#platform/catalogue/products.js';

export type { Product, ProductPage, ProductQuery };

/** Where products are kept. */
export interface Products {
  bySku(sku: string): Promise<Product | undefined>;
  search(query: ProductQuery): Promise<ProductPage>;
  add(product: Product): Promise<'added' | 'sku-taken'>;
}
