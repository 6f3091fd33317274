import type { PriceSource } from '#platform/catalogue/price-source.js';
import { Problem } from '#platform/errors/problem.js';

interface KnownPrice {
  /** Undefined: there is no such product. */
  readonly priceMinor: number | undefined;
  readonly atMs: number;
}

/** A price that has changed meanwhile costs one refused order, after which it is asked for anew. */
const freshMs = 30_000;
/** A product that did not exist may appear. */
const absentFreshMs = 1_000;
const mostPrices = 10_000;

/**
 * Prices that this process has seen lately, so that an order does not cost a call for them. An old price can do no
 * harm: the order carries it, and inventory refuses the order when the price has changed since.
 */
export class PriceList {
  private readonly known = new Map<string, KnownPrice>();

  constructor(
    private readonly source: PriceSource,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /**
   * The prices of `skus`; undefined for what is not sold. `unavailable` when inventory does not answer and a
   * price was never seen.
   */
  async quote(
    skus: readonly string[],
    deadlineAtMs: number,
  ): Promise<ReadonlyMap<string, number | undefined> | 'unavailable'> {
    const stale = skus.filter((sku) => !this.isFresh(sku));
    if (stale.length > 0) {
      try {
        this.remember(stale, await this.source.quote(stale, deadlineAtMs));
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'upstream-unavailable') throw error;
        // What was seen before still serves; that a product does not exist may have changed.
        if (stale.some((sku) => this.known.get(sku)?.priceMinor === undefined)) return 'unavailable';
      }
    }
    return new Map(skus.map((sku) => [sku, this.known.get(sku)?.priceMinor]));
  }

  /** Asks for these anew the next time: one of them was refused as out of date. */
  forget(skus: readonly string[]): void {
    for (const sku of skus) this.known.delete(sku);
  }

  private isFresh(sku: string): boolean {
    const price = this.known.get(sku);
    if (price === undefined) return false;
    return this.nowMs() - price.atMs < (price.priceMinor === undefined ? absentFreshMs : freshMs);
  }

  private remember(asked: readonly string[], quoted: ReadonlyMap<string, number>): void {
    const atMs = this.nowMs();
    for (const sku of asked) {
      this.known.delete(sku);
      this.known.set(sku, { priceMinor: quoted.get(sku), atMs });
    }
    // A Map lists its keys in the order of their insertion: the first were seen longest ago.
    for (const sku of this.known.keys()) {
      if (this.known.size <= mostPrices) break;
      this.known.delete(sku);
    }
  }
}
