export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly available: number;
}

export interface ProductPage {
  readonly items: readonly Product[];
  readonly total: number;
}

export interface ProductQuery {
  /** Part of a name or sku; empty for all. */
  readonly query: string;
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
}

/** Where products are kept. */
export interface Products {
  bySku(sku: string): Promise<Product | undefined>;
  search(query: ProductQuery): Promise<ProductPage>;
  add(product: Product): Promise<'added' | 'sku-taken'>;
}
