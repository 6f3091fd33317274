import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

import { memberNames, planPlatform, poolConnections, portsNeeded, publicPorts } from './plan.js';
import { readValues } from './topology.js';

const planStage = (stage: number) => {
  const values = readValues(resolve('charts/tristate'), stage);
  const others = Array.from({ length: portsNeeded(values) }, (_, index) => 20_000 + index);
  return planPlatform(values, { frontDoor: 8080, others });
};

describe('planPlatform', () => {
  test('gives the only process of stage 1 the port of the front door', () => {
    const { services, databases, members, redisPort } = planStage(1);
    expect(services.map(({ name, httpPort, grpcPort }) => [name, httpPort, grpcPort])).toEqual([
      ['monolith', 8080, undefined],
    ]);
    expect(databases).toEqual(['shop']);
    expect(members).toEqual([]);
    expect(redisPort).toBeUndefined();
  });

  test('gives the copies of stage 3 ports one after the other, from the one that was asked for', () => {
    const { services } = planStage(3);
    expect(services.map(({ name, httpPort }) => [name, httpPort])).toEqual([
      ['monolith-1', 8080],
      ['monolith-2', 8081],
      ['monolith-3', 8082],
    ]);
    expect(publicPorts(readValues(resolve('charts/tristate'), 4), 8080)).toEqual([8080]);
  });

  test('lets nothing but the monolith serve without a front door', () => {
    const values = {
      ...readValues(resolve('charts/tristate'), 10),
      frontDoor: { enabled: false, workers: 1, upstreamKeepAlive: 1 },
    };
    const others = Array.from({ length: portsNeeded(values) }, (_, index) => 20_000 + index);
    expect(() => planPlatform(values, { frontDoor: 8080, others })).toThrow('not account-1');
  });

  test('numbers the copies of stage 4, which share a database', () => {
    const { services, databases } = planStage(4);
    expect(services.map(({ name }) => name)).toEqual(['monolith-1', 'monolith-2', 'monolith-3']);
    expect(databases).toEqual(['shop']);
  });

  test('gives the applications of stage 9 no port for gRPC, which they do not speak', () => {
    const { services, databases } = planStage(9);
    expect(services.map(({ name, grpcPort }) => [name, grpcPort])).toEqual(
      [
        'account-1',
        'account-2',
        'inventory-1',
        'inventory-2',
        'order-1',
        'order-2',
        'supervisor',
        'search',
      ].map((name) => [name, undefined]),
    );
    expect(databases).toEqual(['shop_account', 'shop_inventory', 'shop_order_1', 'shop_order_2']);
  });

  test('gives the copies of stage 8 a database for each context, and two shards of orders', () => {
    const plan = planStage(8);
    const copies = plan.services.filter(({ service }) => service === 'monolith');
    expect(copies.map(({ database, contexts }) => [database, contexts])).toEqual(
      Array(3).fill([
        undefined,
        {
          account: ['shop_account'],
          inventory: ['shop_inventory'],
          orders: ['shop_order_1', 'shop_order_2'],
        },
      ]),
    );
    expect(plan.databases).toEqual(['shop_account', 'shop_inventory', 'shop_order_1', 'shop_order_2']);
    expect(poolConnections(plan)).toBe(3 * 4 * 6 + 4 + 2);
  });

  test('gives the order service the same shards where there is no coordinator', () => {
    const values = readValues(resolve('charts/tristate'), 10);
    const { services, postgres } = values;
    const sharded = {
      ...values,
      services: { ...services, coordinator: { ...services.coordinator, replicas: 0 } },
      postgres: { ...postgres, orderShards: 3 },
    };
    const others = Array.from({ length: portsNeeded(sharded) }, (_, index) => 20_000 + index);
    const plan = planPlatform(sharded, { frontDoor: 8080, others });
    const contexts = new Map(plan.services.map((planned) => [planned.service, planned.contexts]));
    expect(contexts.get('order')).toEqual({ orders: ['orders_1', 'orders_2', 'orders_3'] });
    expect(contexts.get('account')).toBeUndefined();
    expect([...plan.databases].sort()).toEqual(['account', 'inventory', 'orders_1', 'orders_2', 'orders_3']);
  });

  test('gives every process of stage 10 ports of its own', () => {
    const plan = planStage(10);
    const ports = [
      ...plan.members.map(({ port }) => port),
      plan.redisPort,
      ...plan.services.flatMap(({ httpPort, grpcPort }) => [httpPort, grpcPort]),
    ];
    expect(new Set(ports).size).toBe(3 + 1 + 2 * 11);
    expect(plan.postgresPort).toBe(plan.members[0]?.port);
    expect(ports).not.toContain(8080);
    expect([...plan.databases].sort()).toEqual(['account', 'coordinator', 'inventory', 'orders']);
    expect(poolConnections(plan)).toBe(8 * 8 + 4 + 2);
  });
});

describe('memberNames', () => {
  test.each<[number, string | undefined, string[]]>([
    [0, 'postgres-2', []],
    [2, undefined, ['postgres-1', 'postgres-2', 'postgres-3']],
    [1, 'postgres-2', ['postgres-1', 'postgres-2']],
    [1, 'postgres-3', ['postgres-1', 'postgres-3']],
  ])('of %i replicas, %s being the primary', (replicas, primary, names) => {
    expect(memberNames(replicas, primary)).toEqual(names);
  });
});
