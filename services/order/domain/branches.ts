import type { Branch } from '#generated/tristate/transaction/v1/transaction.js';
import type { Order } from './orders.js';

/** The transaction of an order, in the order of its saga: what is likeliest to be refused comes first. */
export function branchesOf(order: Pick<Order, 'accountId' | 'items' | 'totalMinor'>): Branch[] {
  if (order.totalMinor === null) throw new Error('An order is executed after it was priced');
  const items = order.items.map(({ sku, quantity, priceMinor = 0 }) => ({ sku, quantity, priceMinor }));
  return [
    { action: { $case: 'reserveStock', reserveStock: { items } } },
    {
      action: {
        $case: 'debitAccount',
        debitAccount: { accountId: order.accountId, amountMinor: order.totalMinor },
      },
    },
    { action: { $case: 'confirmOrder', confirmOrder: {} } },
  ];
}
