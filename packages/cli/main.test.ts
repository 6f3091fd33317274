import { describe, expect, test } from '@jest/globals';
import { InvalidArgumentError } from 'commander';

import { newProgram } from './main.js';
import { wholeNumber } from './options.js';

describe('command line', () => {
  test('has the commands of the contract, each with --json and --help', () => {
    const program = newProgram();
    expect(program.commands.map((command) => command.name())).toEqual([
      'up',
      'down',
      'status',
      'stages',
      'order',
      'load',
      'fault',
      'settings',
      'database',
      'members',
      'verify',
      'transaction',
      'drill',
      'lab',
      'consistency',
      'balance',
    ]);
    const leaves = program.commands.flatMap((command) =>
      command.commands.length > 0 ? command.commands : [command],
    );
    for (const command of leaves) {
      expect(command.options.map(({ long }) => long)).toContain('--json');
      expect(command.helpInformation()).toContain('--help');
    }
  });
});

describe('wholeNumber', () => {
  test('takes whole numbers between its bounds and nothing else', () => {
    const parse = wholeNumber(1, 65535);
    expect(parse('8080')).toBe(8080);
    for (const text of ['0', '65536', '-1', '1.5', '1e3', '0x10', '', ' 1', 'NaN']) {
      expect(() => parse(text)).toThrow(InvalidArgumentError);
    }
  });
});
