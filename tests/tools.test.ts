import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { listFiles } from '#bootstrap/folders.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const deadlineMs = 60_000;

/** A tool that nobody starts in the other tests can break without a word: what it imports may not load without Jest. */
describe('the tools start without a test around them', () => {
  it.each([
    'bench.mjs order',
    'bench.mjs commit',
    'bench.mjs data',
    'bench.mjs load',
    'bench.mjs patroni',
    'bench.mjs docs',
    'crash.mjs',
    'simulate.mjs',
    'test-containers.mjs',
  ])(
    '%s --help',
    (command) => {
      const { NODE_OPTIONS: _jest, ...environment } = process.env;
      const { status, stdout, stderr } = spawnSync(process.execPath, [...command.split(' '), '--help'], {
        cwd: path.join(root, 'bootstrap'),
        encoding: 'utf8',
        env: environment,
        timeout: deadlineMs,
      });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(stdout).toMatch(/^Usage: /);
    },
    deadlineMs,
  );
});

/** A tool would build everything anew, be it in the middle of a test, because some package was installed. */
it('takes no package that is installed for a source of ours', () => {
  const sources = listFiles('.', '.ts');
  expect(sources).toContain('tests/tools.test.ts');
  expect(sources.filter((source) => source.includes('node_modules'))).toEqual([]);
});
