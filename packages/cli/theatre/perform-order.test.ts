import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { ControlClient } from '../control-client.js';
import { FrontDoorClient } from '../front-door-client.js';
import { Shopper } from '../shopper.js';
import { parseFault, type WrittenFault } from './fault-syntax.js';
import { describePerformance, performOrder, type Cast } from './perform-order.js';
import { ShopForTest } from './shop-for-test.js';
import { Story } from './story-for-test.js';

let shop: ShopForTest;
let cast: Cast;

beforeEach(async () => {
  shop = new ShopForTest();
  shop.events = new Story()
    .note('coordinator-1', { kind: 'fault', point: 'coordinator.decision.after-log', action: 'crash' })
    .note('coordinator-1', { kind: 'restarted' })
    .did('inventory-1', 0, 'prepared')
    .did('inventory-1', 0, 'committed')
    .note('coordinator-2', { kind: 'ended', outcome: 'committed' }).events;
  const client = new FrontDoorClient(await shop.start());
  const shopper = new Shopper(client, { owner: 'alice', password: 'p' }, 5_000);
  cast = { control: new ControlClient(client, 'admin'), shopper, progress: () => undefined };
});

afterEach(() => shop.stop());

const written = (text: string): WrittenFault => {
  const parsed = parseFault(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.fault;
};
const newOrder = { items: [{ sku: 's', quantity: 1 }], protocol: '2pc' };
const callsOf = (call: string): unknown[] =>
  shop.calls.filter((seen) => seen.call.startsWith(call)).map(({ body }) => body);

describe('an order under faults', () => {
  it('is traced, hit by its own faults alone, drawn, judged, and leaves no fault behind', async () => {
    const faults = [
      written('coordinator.decision.after-log=crash'),
      written('inventory.prepare.before-reply=drop-reply@inventory-1#2+'),
      written('coordinator.takeover.before-log=error#1+'),
    ];
    const performed = await performOrder(cast, newOrder, { faults, faultTtlMs: 4_000 });
    const correlationId = shop.calls.find(({ call }) => call === 'POST /api/orders')?.correlationId;
    expect(correlationId).toMatch(/^theatre-[\w-]{36}$/);
    expect(callsOf('POST /control/traces')).toEqual([{ correlationId, ttlMs: expect.any(Number) }]);
    const [first, second, takeover] = callsOf('POST /control/faults');
    expect(first).toMatchObject({ point: 'coordinator.decision.after-log', times: 1, nth: 1, correlationId });
    expect(second).toMatchObject({ process: 'inventory-1', nth: 2, ttlMs: 4_000, correlationId });
    expect(second).not.toHaveProperty('times');
    // A takeover is on nobody's behalf.
    expect(takeover).not.toHaveProperty('correlationId');
    expect(callsOf('DELETE /control/faults/')).toHaveLength(3);

    const text = describePerformance(performed, faults, false);
    expect(text).toMatch(/☠ crash at coordinator.decision.after-log/);
    expect(text).toMatch(/CONFIRMED {2}g {2}the client waited [\d,]+ ms/);
    expect(text).toMatch(/inventory 0 ms until committed/);
    expect(text).toMatch(/the fault at inventory.prepare.before-reply never acted/);
    expect(text).toMatch(/✓ all 1 laws hold/);
  });

  it('clears its faults also when something fails', async () => {
    shop.answers.set('GET /control/transactions/g', {
      status: 404,
      body: { code: 'unknown-transaction', detail: 'There is no such transaction' },
    });
    const faults = [written('coordinator.decision.after-log=crash')];
    await expect(performOrder(cast, newOrder, { faults, faultTtlMs: 4_000 })).rejects.toThrow(
      /unknown-transaction/,
    );
    expect(callsOf('DELETE /control/faults/')).toHaveLength(1);
  });

  it('says what the platform has against a fault, and clears the ones before it', async () => {
    shop.answers.set('POST /control/faults', {
      status: 422,
      body: { code: 'unknown-target', detail: 'There is no process inventory-9' },
    });
    const faults = [written('inventory.prepare.before-reply=crash@inventory-9')];
    await expect(performOrder(cast, newOrder, { faults, faultTtlMs: 4_000 })).rejects.toThrow(
      /The fault at inventory.prepare.before-reply could not be set: 422 unknown-target: There is no process/,
    );
    expect(callsOf('POST /api/orders')).toEqual([]);
  });
});
