import { resolve } from 'node:path';
import { describe as suite, expect, test } from '@jest/globals';

import { listStages } from '../launcher/topology.js';
import { describe, tell } from './stages.js';

const chart = resolve('charts/tristate');

suite('stages', () => {
  test('are listed in order, each with what it changes, in lines that fit a terminal', () => {
    const text = listStages(chart).map(describe).join('\n');
    const numbers = [...text.matchAll(/^ ?(\d+) {2}\S+$/gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    expect(numbers).toEqual(expect.arrayContaining([1, 10]));
    expect(text).toMatch(/^ 3 {2}cluster\n {4}Three copies run/m);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(96);
  });

  test('tell one story each, with the processes that run and how to start them', () => {
    const [values] = listStages(chart, 5);
    if (values === undefined) throw new Error('there is no stage 5');
    const text = tell(values);
    expect(text).toMatch(/^Stage 5, read-write-split\n\n {2}pressure {5}Three copies/);
    for (const title of ['change', 'gain', 'new problem'])
      expect(text).toMatch(new RegExp(`^  ${title} +\\S`, 'm'));
    expect(text).toContain('nginx, supervisor, monolith 3 times, PostgreSQL as a primary with 2 replicas');
    expect(text).toContain('npx tristate up --stage 5');
  });

  test('that do not exist are refused with those that do', () => {
    expect(() => listStages(chart, 11)).toThrow('There is no stage 11. Stages: 1 (single)');
  });
});
