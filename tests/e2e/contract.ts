import { describe } from '@jest/globals';
import { describeAccounts } from './contract-accounts.js';
import { describeConsistency } from './contract-consistency.js';
import { describeOperations } from './contract-operations.js';
import { describeOrders } from './contract-orders.js';
import { describeProducts } from './contract-products.js';

/** A running shop, whatever it is made of: the contract is what can be seen at its front door. */
export interface Shop {
  url: string;
  adminToken: string;
  /** What an order says its protocol was, when this was asked for. One database needs no protocol: `local`. */
  reportedProtocol: (asked: string | undefined) => string;
}

export const asAsked = (asked = 'saga'): string => asked;

/** A shop in which an order is one local transaction, whatever was asked for. */
export const localShop = ({ url, adminToken }: Pick<Shop, 'url' | 'adminToken'>): Shop => ({
  url,
  adminToken,
  reportedProtocol: () => 'local',
});

/** A shop with several databases and no coordinator: an order is one local transaction after the other. */
export const bestEffortShop = ({ url, adminToken }: Pick<Shop, 'url' | 'adminToken'>): Shop => ({
  url,
  adminToken,
  reportedProtocol: () => 'best-effort',
});

/** The public contract of DESIGN.md. It knows nothing of stages, and passes unchanged on each of them. */
export function describeContract(shop: () => Shop): void {
  describe('accounts and tokens', () => describeAccounts(shop));
  describe('products', () => describeProducts(shop));
  describe('orders', () => describeOrders(shop));
  describe('consistency', () => describeConsistency(shop));
  // Last, since it ends with the invariants over all that was done before.
  describe('operations', () => describeOperations(shop));
}
