import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from 'commander';
import { newProgram } from '../main.js';
import { addWeight, describeBalancing } from './balance.js';

describe('balance', () => {
  it('reads weights one by one', () => {
    expect(addWeight('order-2=300', addWeight('order-1=50', undefined))).toEqual({
      'order-1': 50,
      'order-2': 300,
    });
  });

  it.each(['order-1=0', 'order-1=-5', 'order-1=1001', 'order-1=1.5', 'order-1', '=5', 'Order 1=5'])(
    'refuses the weight %s',
    (text) => {
      expect(() => addWeight(text, undefined)).toThrow(InvalidArgumentError);
    },
  );

  it.each([
    ['set', 'fastest'],
    ['set', 'ewma'],
    ['set', '--grpc', 'fastest'],
    ['set', '--adaptive', 'perhaps'],
  ])('refuses a strategy that is not there before it asks anybody: %j', async (...words) => {
    const program = newProgram().configureOutput({ writeErr: () => undefined });
    const named = program.commands.find((command) => command.name() === 'balance');
    for (const command of named?.commands ?? []) command.configureOutput({ writeErr: () => undefined });
    await expect(program.parseAsync(['balance', ...words], { from: 'user' })).rejects.toMatchObject({
      exitCode: 1,
    });
  });

  it('says when weights are set that nobody looks at', () => {
    const weights = { 'order-1': 100, 'order-2': 30 };
    const blind = { frontDoor: 'round-robin', grpc: 'round-robin', adaptive: false, weights } as const;
    expect(describeBalancing(blind)).toEqual([
      'nginx             round-robin',
      'between services  round-robin',
      'weights           as they were set; round-robin does not look at them',
      '  order-1         100',
      '  order-2         30',
    ]);
    expect(describeBalancing({ ...blind, frontDoor: 'weighted', adaptive: true })[2]).toBe(
      'weights           follow the load',
    );
  });
});
