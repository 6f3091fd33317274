import { Failure } from '../failure.js';
import type { RequestKind } from './load-plan.js';

/** What visitors of the shop do. */
export const scenarios = {
  browse: 'leaf through the list of products',
  search: 'look for a word among the products',
  'hot-sku': 'read one product that everybody reads',
  'absent-sku': 'read products that do not exist',
  order: 'order one of a product, under an idempotency key',
} as const;
export type Scenario = keyof typeof scenarios;

export const defaultMix = 'browse=40,search=15,hot-sku=30,absent-sku=5,order=10';

export interface WeightedScenario {
  readonly scenario: Scenario;
  readonly weight: number;
}

const mostWeight = 1_000_000;

/** Reads `browse=3,order=1`; a name alone has the weight 1. */
export function parseMix(text: string): WeightedScenario[] {
  const mix = text.split(',').map((part) => {
    const [, name = '', weight = '1'] = /^\s*([\w-]+)\s*(?:=\s*(\d+)\s*)?$/.exec(part) ?? [];
    if (!isScenario(name))
      throw new Failure(`There is no scenario "${name || part}": ${Object.keys(scenarios).join(', ')}.`);
    if (Number(weight) < 1 || Number(weight) > mostWeight)
      throw new Failure(`The weight of ${name} must be a whole number from 1 to ${mostWeight}.`);
    return { scenario: name, weight: Number(weight) };
  });
  const names = mix.map(({ scenario }) => scenario);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Failure(`The scenario ${twice} is named twice.`);
  return mix;
}

function isScenario(name: string): name is Scenario {
  return Object.hasOwn(scenarios, name);
}

/** What the shop has for its visitors. */
export interface ShopWindow {
  readonly skus: readonly string[];
  /** Of names of products. */
  readonly words: readonly string[];
}

const pages = 10;
const pageSize = 20;
const absentSkus = 1_000;
const bodies = 200;

export function kindOf({ scenario, weight }: WeightedScenario, { skus, words }: ShopWindow): RequestKind {
  const read = { name: scenario, weight, method: 'GET', expected: [200] } as const;
  switch (scenario) {
    case 'browse':
      return {
        ...read,
        paths: numbers(pages).map((page) => `/api/products?page=${page + 1}&pageSize=${pageSize}`),
      };
    case 'search':
      return { ...read, paths: words.map((word) => `/api/products?query=${encodeURIComponent(word)}`) };
    case 'hot-sku':
      return { ...read, paths: skus.slice(0, 1).map((sku) => `/api/products/${sku}`) };
    case 'absent-sku':
      return {
        ...read,
        paths: numbers(absentSkus).map((number) => `/api/products/absent-${number}`),
        expected: [404],
      };
    case 'order':
      return {
        name: scenario,
        weight,
        method: 'POST',
        paths: ['/api/orders'],
        bodies: skus.slice(0, bodies).map((sku) => JSON.stringify({ items: [{ sku, quantity: 1 }] })),
        // Sold out, or no money left, is an answer; an outcome that is told later is one, too.
        expected: [201, 202, 409, 422],
      };
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
