import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

import { checkValues, closest, contradictions, mergeValues, readValues, type Values } from './topology.js';

const chart = resolve('charts/tristate');
const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Record<string, never>;
const valid = (): Record<string, unknown> => ({ ...readValues(chart, 10) });

describe('values', () => {
  test.each([
    [1, 'single', 1, false],
    [2, 'database-apart', 1, false],
    [3, 'cluster', 3, false],
    [4, 'load-balancer', 3, true],
    [5, 'read-write-split', 3, true],
    [6, 'search', 3, true],
    [7, 'cache', 3, true],
    [8, 'database-split', 3, true],
    [10, 'services', 0, true],
  ])('of stage %i say what the stage is', (stage, name, monoliths, frontDoor) => {
    const values = readValues(chart, stage);
    expect(values.stage).toMatchObject({ number: stage, name });
    expect(values.services.monolith.replicas).toBe(monoliths);
    expect(values.frontDoor.enabled).toBe(frontDoor);
  });

  test('name the stages that there are when another is asked for', () => {
    expect(() => readValues(chart, 11)).toThrow(
      /^There is no stage 11\. Stages: 1 \(single\), 2 \(database-apart\), .*, 10 \(services\)\.$/,
    );
  });

  test.each([
    [{ redis: { enabeld: true } }, 'unknown key redis.enabeld (did you mean redis.enabled?)'],
    [
      { services: { order: { replica: 2 } } },
      'unknown key services.order.replica (did you mean services.order.replicas?)',
    ],
    [{ somethingElse: 1 }, 'unknown key somethingElse'],
    [{ orders: { protocol: 'xa' } }, 'orders.protocol must be one of saga, tcc, 2pc, 3pc, none'],
    [{ frontDoor: { workers: 0 } }, 'frontDoor.workers must be >= 1'],
    [{ services: { order: { replicas: '2' } } }, 'services.order.replicas must be integer'],
  ])('%j are refused by name', (overlay, complaint) => {
    expect(checkValues(mergeValues(valid(), overlay), schema)).toEqual([complaint]);
  });
});

describe('values that do not go together', () => {
  test.each([
    [10, { postgres: { orderShards: 2 } }, 'services.coordinator.replicas to 0'],
    [7, { postgres: { orderShards: 2 } }, 'set postgres.split to true'],
  ])('are refused on top of stage %i: %j', (stage, overlay, named) => {
    const merged = mergeValues({ ...readValues(chart, stage) }, overlay) as unknown as Values;
    expect(contradictions(merged)).toEqual([expect.stringContaining(named)]);
  });
});

describe('mergeValues', () => {
  test('merges mappings, replaces everything else, and removes what is null', () => {
    const base = { a: { b: 1, c: [1, 2] }, d: 1 };
    expect(mergeValues(base, { a: { c: [3] }, d: null, e: 2 })).toEqual({ a: { b: 1, c: [3] }, e: 2 });
    expect(base).toEqual({ a: { b: 1, c: [1, 2] }, d: 1 });
  });
});

describe('closest', () => {
  test.each([
    ['enabeld', 'enabled'],
    ['Replicas', 'replicas'],
    ['x', undefined],
    ['nothingLikeIt', undefined],
  ])('%s is taken for %s', (key, expected) => {
    expect(closest(key, ['enabled', 'replicas', 'maxMemoryMb'])).toBe(expected);
  });
});
