import { describe, expect, test } from '@jest/globals';

import {
  findProcess,
  isAlive,
  parsePsLine,
  parseStat,
  processTree,
  type ProcessEntry,
} from './process-table.js';

const stat = (command: string, state: string): string =>
  `42 (${command}) ${state} 7 42 41 0 -1 0 0 0 0 0 3 4 0 0 20 0 1 0 987654 1000 10 18446744073709551615`;

describe('process table', () => {
  test('reads a line of /proc, also when the command holds blanks and brackets', () => {
    expect(parseStat(stat('a (b) c', 'S'), 'boot')).toEqual({
      pid: 42,
      parentPid: 7,
      sessionId: 41,
      command: 'a (b) c',
      startTime: 'boot/987654',
    });
  });

  test('takes a process that waits to be reaped for dead', () => {
    expect(parseStat(stat('node', 'Z'), 'boot')).toBeUndefined();
  });

  test('reads a line of ps', () => {
    expect(parsePsLine('  42     7    41 Ss   Tue Nov 24 15:17:00 2026     /usr/local/bin/node')).toEqual({
      pid: 42,
      parentPid: 7,
      sessionId: 41,
      command: 'node',
      startTime: 'Tue Nov 24 15:17:00 2026',
    });
  });

  test('does not take a later process with the same pid for the one that was meant', () => {
    const self = findProcess(process.pid);
    expect(self && isAlive(self)).toBe(true);
    expect(isAlive({ pid: process.pid, startTime: 'another time' })).toBe(false);
  });

  test('finds all that descend from a process', () => {
    const entry = (pid: number, parentPid: number): ProcessEntry => ({
      pid,
      parentPid,
      sessionId: pid,
      command: 'x',
      startTime: '',
    });
    const all = [entry(1, 0), entry(2, 1), entry(3, 2), entry(4, 2), entry(5, 1)];
    expect(processTree(2, all).map(({ pid }) => pid)).toEqual([2, 3, 4]);
  });
});
