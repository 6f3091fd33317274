/** Where an order gets its prices from: the inventory service, in this process or over gRPC. */
export interface PriceSource {
  /**
   * The current prices in minor units; an unknown sku is left out.
   *
   * @throws Problem `upstream-unavailable` when there is no answer by `deadlineAtMs` (epoch milliseconds).
   */
  quote(skus: readonly string[], deadlineAtMs: number): Promise<ReadonlyMap<string, number>>;
}

/** Where the process that has its inventory inside finds it. */
export class LocalPrices {
  private source: PriceSource | undefined;

  offer(source: PriceSource): void {
    this.source = source;
  }

  get(): PriceSource {
    if (this.source === undefined) throw new Error('This process has no inventory inside');
    return this.source;
  }
}
