import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold, ProductIndex, type Searched } from './product-index.js';

const page = (query: string, number = 1, pageSize = 100) => ({ query, page: number, pageSize });

function indexOf(...products: Searched[]): ProductIndex {
  const index = new ProductIndex();
  index.add(products);
  return index;
}

const shop = (): ProductIndex =>
  indexOf(
    { sku: 'TEA-GRE-1', name: 'Green Teapot, size 1' },
    { sku: 'MUG-BLU-2', name: 'Blue Mug, 100% clay' },
    { sku: 'MUG_BLU.1', name: 'Blue Mug' },
    { sku: 'X', name: 'é' },
  );

describe('the index of products', () => {
  it.each([
    ['', ['MUG-BLU-2', 'MUG_BLU.1', 'TEA-GRE-1', 'X']],
    ['b', ['MUG-BLU-2', 'MUG_BLU.1']],
    ['ue', ['MUG-BLU-2', 'MUG_BLU.1']],
    ['é', ['X']],
    ['BLUE mug', ['MUG-BLU-2', 'MUG_BLU.1']],
    ['mug-blu', ['MUG-BLU-2']],
    ['gre', ['TEA-GRE-1']],
    ['size 2', []],
    // Each trigram of it is there, and the whole is not.
    ['teapotea', []],
  ])('finds %j in names and skus, in any case, sorted by sku', (query, skus) => {
    expect(shop().search(page(query))).toEqual({ skus, total: skus.length });
  });

  it.each(['%', '_', '\\', '.', '.*', '100%', 'G_U'])('takes %j for what it is: characters', (query) => {
    const holds = (text: string): boolean => text.toLowerCase().includes(query.toLowerCase());
    const skus = ['MUG-BLU-2', 'MUG_BLU.1'].filter((sku) =>
      holds(`${sku} ${sku === 'MUG-BLU-2' ? '100% clay' : ''}`),
    );
    expect(shop().search(page(query)).skus).toEqual(skus);
  });

  it('finds nothing that is half in a sku and half in a name', () => {
    expect(indexOf({ sku: 'AB', name: 'CD' }).search(page('abcd')).total).toBe(0);
    expect(indexOf({ sku: 'AB', name: 'CD' }).search(page('bc')).total).toBe(0);
  });

  it('cuts into pages, and has none after the last', () => {
    expect(shop().search(page('', 2, 3))).toEqual({ skus: ['X'], total: 4 });
    expect(shop().search(page('', 3, 3))).toEqual({ skus: [], total: 4 });
  });

  it('counts a product once that is added again', () => {
    const index = shop();
    index.add([
      { sku: 'X', name: 'é' },
      { sku: 'Y', name: 'é' },
      { sku: 'Y', name: 'é' },
    ]);
    expect(index.search(page('é'))).toEqual({ skus: ['X', 'Y'], total: 2 });
    expect(index.size).toBe(5);
  });

  /** Few letters, so that parts are found often and trigrams repeat within one text. */
  const text = (least: number, most: number) =>
    fc.array(fc.constantFrom('a', 'b', 'A', 'B', 'c', '%', '_', '\\', ' ', 'é', 'É', '𝄞'), {
      minLength: least,
      maxLength: most,
    });
  const joined = (least: number, most: number) => text(least, most).map((letters) => letters.join(''));
  const sku = fc
    .array(fc.constantFrom('a', 'b', 'A', 'B', '-', '.', '_', '1'), { minLength: 1, maxLength: 8 })
    .map((letters) => letters.join(''));

  it('finds what looking at every product finds, whatever the query and the order of adding', () => {
    const products = fc.uniqueArray(fc.record({ sku, name: joined(1, 12) }), {
      selector: (product) => product.sku,
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        products,
        joined(0, 6),
        fc.nat(29),
        fc.integer({ min: 1, max: 5 }),
        (all, query, cut, size) => {
          const index = indexOf(...all.slice(0, cut));
          index.add(all.slice(cut));
          const holds = (whole: string): boolean => fold(whole).includes(fold(query));
          const expected = all
            .filter((product) => holds(product.sku) || holds(product.name))
            .map((product) => product.sku)
            .sort((one, other) => (one < other ? -1 : 1));
          const found = [];
          for (let number = 1; ; number += 1) {
            const { skus, total } = index.search(page(query, number, size));
            expect(total).toBe(expected.length);
            if (skus.length === 0) break;
            found.push(...skus);
          }
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});
