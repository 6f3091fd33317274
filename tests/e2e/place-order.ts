import { randomUUID } from 'node:crypto';
import { type Answer, type Customer, type Order, orderSchema } from './shop-client.js';
import { waitUntil } from './wait-until.js';

const FINAL_DEADLINE_MS = 20_000;

/**
 * Places an order and waits for its outcome. On a machine that is busy the shop may answer 202 PENDING first;
 * the same request then answers with the outcome as soon as there is one.
 */
export async function placeOrder(
  customer: Customer,
  order: { items: unknown; protocol?: string },
  idempotencyKey: string = randomUUID(),
): Promise<Answer> {
  let last: Answer | undefined;
  return waitUntil(
    'a final answer',
    FINAL_DEADLINE_MS,
    async () => {
      last = await customer.postOrder(order, idempotencyKey);
      return last.status === 202 ? undefined : last;
    },
    () => `The last answer was ${last?.status} ${last?.text}`,
  );
}

/** The order behind an answer, found by its Location as a client would, once it is neither here nor there no more. */
export async function finalOrder(customer: Customer, answer: Answer): Promise<Order> {
  const location = answer.headers.get('location');
  if (location === null) throw new Error(`the answer has no Location: ${answer.status} ${answer.text}`);
  let last: Order | undefined;
  return waitUntil(
    `a final state of ${location}`,
    FINAL_DEADLINE_MS,
    async () => {
      last = orderSchema.parse((await customer.get(location)).body);
      return last.status === 'PENDING' ? undefined : last;
    },
    () => `It is ${last?.status}`,
  );
}
