import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { formatScenario, parseScenario, runScenario } from './scenario.js';

/**
 * What each core answers to each event, step by step, in text files next to this one. `UPDATE=1 npm test` writes what
 * the cores answer now into the files; the diff is then read.
 */
const folder = path.resolve(import.meta.dirname, '../../../tests/scenarios');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.txt'))
  .sort();

describe('the protocol cores follow their scenarios', () => {
  it.each(files)('%s', (name) => {
    const file = path.join(folder, name);
    const written = readFileSync(file, 'utf8');
    const actual = formatScenario(runScenario(parseScenario(written)));
    if (process.env['UPDATE'] === '1') writeFileSync(file, actual);
    else expect(actual).toBe(written);
  });
});
