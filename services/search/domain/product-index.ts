import type { ProductQuery } from '#platform/catalogue/products.js';

/** What a search looks at. */
export interface Searched {
  readonly sku: string;
  readonly name: string;
}

/** The skus of one page, in order, and how many there are on all pages. */
export interface FoundSkus {
  readonly skus: readonly string[];
  readonly total: number;
}

interface Entry {
  readonly sku: string;
  /** Sku and name as they are compared, with a character between them that no query holds. */
  readonly text: string;
}

const gramLength = 3;

/**
 * Products by the parts of their names and skus. For every three characters in a row (trigram) it is written down which products
 * hold them; of those that hold the rarest trigram of a query each is looked at (Zobel, Moffat, "Inverted files for text search
 * engines", 2006; the trigrams are those of PostgreSQL's pg_trgm without its padding).
 */
export class ProductIndex {
  private readonly bySku = new Map<string, Entry>();
  private readonly byGram = new Map<string, Entry[]>();
  private readonly inOrder: Entry[] = [];

  get size(): number {
    return this.bySku.size;
  }

  /** One that is there already stays as it is. */
  add(products: readonly Searched[]): void {
    const fresh = products.filter(({ sku }) => !this.bySku.has(sku));
    for (const { sku, name } of fresh) {
      if (this.bySku.has(sku)) continue;
      const entry = { sku, text: `${fold(sku)}\0${fold(name)}` };
      this.bySku.set(sku, entry);
      this.inOrder.push(entry);
      for (const gram of gramsOf(entry.text)) {
        const holders = this.byGram.get(gram);
        if (holders === undefined) this.byGram.set(gram, [entry]);
        else holders.push(entry);
      }
    }
    if (fresh.length > 0) this.inOrder.sort(bySku);
  }

  search({ query, page, pageSize }: ProductQuery): FoundSkus {
    const found = this.holding(fold(query));
    const from = (page - 1) * pageSize;
    return { skus: found.slice(from, from + pageSize).map(({ sku }) => sku), total: found.length };
  }

  /** In order. A part that is shorter than a trigram is in so many products that every one is looked at. */
  private holding(part: string): readonly Entry[] {
    if (part === '') return this.inOrder;
    const holds = ({ text }: Entry): boolean => text.includes(part);
    if (part.length < gramLength) return this.inOrder.filter(holds);
    return this.candidates(part).filter(holds).sort(bySku);
  }

  /** All that may hold the part. */
  private candidates(part: string): readonly Entry[] {
    let fewest: readonly Entry[] | undefined;
    for (const gram of gramsOf(part)) {
      const holders = this.byGram.get(gram) ?? [];
      if (fewest === undefined || holders.length < fewest.length) fewest = holders;
    }
    return fewest ?? [];
  }
}

/** As ILIKE compares in a database without a locale, as the shop's are: letters of ASCII without their case. */
export function fold(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function gramsOf(text: string): Set<string> {
  const grams = new Set<string>();
  for (let from = 0; from + gramLength <= text.length; from += 1)
    grams.add(text.slice(from, from + gramLength));
  return grams;
}

/** Skus are of ASCII, whose order is the same here and in a database without a locale. */
function bySku(one: Entry, other: Entry): number {
  return one.sku < other.sku ? -1 : one.sku > other.sku ? 1 : 0;
}
