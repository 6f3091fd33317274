import { describe, expect, it } from '@jest/globals';
import { consistencyLevels, readYourWritesStrategies } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import { formatDemand, parseDemand } from './demand.js';

const defaults = { level: 'causal', readYourWrites: 'window' } as const;

describe('the X-Consistency header', () => {
  it.each(consistencyLevels)('names the level %s', (level) => {
    expect(parseDemand(level, defaults)).toEqual({ level, strategy: 'window' });
    expect(parseDemand(` ${level.toUpperCase()} `, defaults).level).toBe(level);
  });

  it.each(readYourWritesStrategies)('names the strategy %s', (strategy) => {
    const demand = { level: 'read-your-writes', strategy } as const;
    expect(parseDemand(`read-your-writes;strategy=${strategy}`, defaults)).toEqual(demand);
    expect(parseDemand(`read-your-writes ; strategy = ${strategy}`, defaults)).toEqual(demand);
    expect(parseDemand(formatDemand(demand), defaults)).toEqual(demand);
  });

  it('may be left out', () => {
    expect(parseDemand(undefined, defaults)).toEqual({ level: 'causal', strategy: 'window' });
  });

  it.each([
    '',
    ' ',
    'linearizable',
    'strong, eventual',
    'toString',
    'strong;strategy=token',
    'read-your-writes;strategy=',
    'read-your-writes;strategy=hope',
    'read-your-writes;strategy=token;strategy=window',
    'read-your-writes;wait=1',
    ';strategy=token',
    'x'.repeat(10_000),
  ])('%j is refused, and told what there is', (header) => {
    const refused = (): unknown => parseDemand(header, defaults);
    expect(refused).toThrow(Problem);
    for (const name of [...consistencyLevels, ...readYourWritesStrategies]) expect(refused).toThrow(name);
    expect(refused).toThrow(expect.objectContaining({ code: 'unknown-consistency' }));
  });
});
