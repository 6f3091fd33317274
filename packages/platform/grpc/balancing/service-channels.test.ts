import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import { Metrics } from '../../metrics/metrics.js';
import { ServiceChannels, type ServedChannel } from './service-channels.js';

class FakeChannel implements ServedChannel {
  isOpen = true;
  isClosed = false;

  constructor(readonly address: string) {}

  close(): void {
    this.isClosed = true;
    this.isOpen = false;
  }
}

describe('the streams to a service', () => {
  let wanted: string[];
  let known: string[];
  let strategy: ClientStrategy;
  let nowMs: number;
  let tell: () => void;
  let channels: ServiceChannels<FakeChannel>;

  beforeEach(() => {
    wanted = ['a', 'b'];
    known = ['a', 'b'];
    strategy = 'round-robin';
    nowMs = 0;
    tell = () => undefined;
    channels = new ServiceChannels<FakeChannel>({
      service: 'inventory',
      self: 'coordinator-1',
      callees: {
        get strategy() {
          return strategy;
        },
        targets: () => wanted.map((address) => ({ address, weight: 100 })),
        addresses: () => known,
        onChange: (listener) => {
          tell = listener;
          return () => undefined;
        },
      },
      connect: (address) => new FakeChannel(address),
      metrics: new Metrics({ service: 'coordinator', process: 'coordinator-1' }),
      nowMs: () => nowMs,
    });
  });

  const chosen = (count: number): string =>
    Array.from({ length: count }, () => channels.choose('')?.address ?? '-').join('');
  const channelOf = (address: string): FakeChannel => {
    const found = channels.all.find((channel) => channel.address === address);
    if (found === undefined) throw new Error(`There is no stream to ${address}`);
    return found;
  };
  const change = (changes: () => void): void => {
    changes();
    tell();
  };

  test('take messages in turn, and those that are broken take none', () => {
    expect(chosen(4)).toBe('abab');
    channelOf('a').isOpen = false;
    expect(chosen(3)).toBe('bbb');
    channelOf('b').isOpen = false;
    expect(chosen(1)).toBe('-');
  });

  test('to a copy that is suspected take none as long as there is another', () => {
    change(() => (wanted = ['b']));
    expect(chosen(3)).toBe('bbb');
    channelOf('b').isOpen = false;
    expect(chosen(1)).toBe('a');
  });

  test('follow the view: who comes gets one, who is gone loses it, and an empty view changes nothing', () => {
    const first = channelOf('a');
    change(() => (known = wanted = ['b', 'c']));
    expect(first.isClosed).toBe(true);
    expect([...chosen(4)].sort().join('')).toBe('bbcc');
    change(() => (known = wanted = []));
    expect(chosen(2)).toHaveLength(2);
    expect(channelOf('c').isClosed).toBe(false);
  });

  test('go to where less is under way, and what is not answered counts until it is given up', () => {
    change(() => (strategy = 'least-conn'));
    channels.noteSent(channelOf('a'), () => 'first');
    channels.noteSent(channelOf('a'), () => 'second');
    expect(chosen(3)).toBe('bbb');
    channels.noteAnswered(() => 'first');
    expect(chosen(2)).toBe('bb');
    nowMs = 10_000;
    channels.noteSent(channelOf('b'), () => 'third');
    expect(chosen(2)).toBe('aa');
  });

  test('switch the strategy between two messages', () => {
    change(() => (strategy = 'ip-hash'));
    expect(new Set(chosen(10)).size).toBe(1);
    change(() => (strategy = 'round-robin'));
    expect(new Set(chosen(10)).size).toBe(2);
  });
});
