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
