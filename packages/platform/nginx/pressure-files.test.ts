import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { pressureFolder } from './limits.js';
import { PressureFiles } from './pressure-files.js';

let prefix = '';
beforeAll(() => {
  prefix = mkdtempSync(join(tmpdir(), 'tristate-pressure-'));
});
afterAll(() => rmSync(prefix, { recursive: true, force: true }));

const present = (): string[] => readdirSync(join(prefix, pressureFolder)).sort();

test('there is a file for each service under pressure, and none for others, also of an earlier run', () => {
  const files = new PressureFiles(prefix);
  expect(present()).toEqual([]);
  files.update(['order', 'search']);
  files.update(['order', 'inventory']);
  expect(present()).toEqual(['inventory', 'order']);
  const nextRun = new PressureFiles(prefix);
  nextRun.update(['order']);
  expect(present()).toEqual(['order']);
  nextRun.update([]);
  expect(present()).toEqual([]);
});
