import { describe, expect, it } from '@jest/globals';
import { HybridClock } from '#platform/trace/hybrid-clock.js';
import type { ProtocolEvent, What } from '#platform/trace/protocol-event.js';
import { inCausalOrder, TransactionEvents } from './transaction-events.js';

function event(process: string, atUs: number, kind: 'crashed' | 'restarted' | 'log' = 'log'): ProtocolEvent {
  const what: What = kind === 'log' ? { kind: 'logged', record: 'begin', forced: true } : { kind };
  return { gid: 'g', process, atUs, what };
}

const shown = (events: readonly ProtocolEvent[]): string[] =>
  events.map(({ process, atUs, what }) => `${atUs} ${process} ${what.kind}`);

describe('the events of a transaction', () => {
  it('come in causal order, each once', () => {
    const told = [event('order-1', 5), event('coordinator-1', 9)];
    const asked = [event('coordinator-1', 7), event('coordinator-1', 9)];
    expect(shown(inCausalOrder([told, asked]))).toEqual([
      '5 order-1 logged',
      '7 coordinator-1 logged',
      '9 coordinator-1 logged',
    ]);
  });

  it('show a process to be back before what it did after its crash', () => {
    const events = [
      event('coordinator-1', 5),
      event('coordinator-1', 10, 'crashed'),
      event('inventory-1', 15),
      event('coordinator-1', 20),
      event('coordinator-1', 30, 'restarted'),
    ];
    expect(shown(inCausalOrder([events]))).toEqual([
      '5 coordinator-1 logged',
      '10 coordinator-1 crashed',
      '15 inventory-1 logged',
      '19 coordinator-1 restarted',
      '20 coordinator-1 logged',
    ]);
  });

  it('tell of a crash that was announced, once the stream breaks, after all that was seen of it', () => {
    const events = new TransactionEvents(new HybridClock(() => 1));
    events.add(event('inventory-1', 9_000));
    events.detached('inventory-1');
    events.attached('inventory-1');
    events.crashing('inventory-1', 'g');
    events.detached('inventory-1');
    events.attached('inventory-1');
    events.detached('inventory-1');
    expect(shown(events.of('g'))).toEqual([
      '9000 inventory-1 logged',
      '9002 inventory-1 crashed',
      '9003 inventory-1 restarted',
    ]);
  });

  it('are kept for the latest transactions only, and only so many of each', () => {
    const events = new TransactionEvents();
    for (let i = 0; i < 600; i += 1) events.add({ ...event('order-1', i), gid: `gid-${i}` });
    expect(events.of('gid-0')).toEqual([]);
    expect(events.of('gid-599')).toHaveLength(1);
    for (let i = 0; i < 5_000; i += 1) events.add(event('order-1', i));
    expect(events.of('g')).toHaveLength(2_048);
  });
});
