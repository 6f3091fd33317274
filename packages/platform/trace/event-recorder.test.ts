import { describe, expect, it } from '@jest/globals';
import { EventRecorder } from './event-recorder.js';
import type { ProtocolEvent } from './protocol-event.js';

let time = 0;

function event(gid: string, record = 'begin'): ProtocolEvent {
  return { gid, process: 'coordinator-1', atUs: (time += 1), what: { kind: 'logged', record, forced: true } };
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what a process remembers of its transactions', () => {
  it('is found by the gid, in order', () => {
    const recorder = new EventRecorder();
    const events = [event('a'), event('b'), event('a')];
    for (const one of events) recorder.record(one, 'nobody');
    expect(recorder.eventsOf('a')).toEqual([events[0], events[2]]);
    expect(recorder.eventsOf('c')).toEqual([]);
  });

  it('is the latest, bounded in number', () => {
    const recorder = new EventRecorder({ mostEvents: 3, mostBytes: 1e6, mostUnreported: 10 });
    const events = Array.from({ length: 10 }, () => event('a'));
    for (const one of events) recorder.record(one, 'nobody');
    expect(recorder.eventsOf('a')).toEqual(events.slice(7));
  });

  it('is the latest, bounded in bytes', () => {
    const recorder = new EventRecorder({ mostEvents: 100, mostBytes: 5_000, mostUnreported: 10 });
    const events = Array.from({ length: 10 }, () => event('a', 'x'.repeat(1_000)));
    for (const one of events) recorder.record(one, 'nobody');
    expect(recorder.eventsOf('a')).toEqual(events.slice(7));
  });
});

describe('what is reported at once', () => {
  it('is what happens to the requests that are watched, those of one turn together', async () => {
    const recorder = new EventRecorder();
    const reported: (readonly ProtocolEvent[])[] = [];
    recorder.watch(['mine'], (events) => reported.push(events));
    const [first, second, third] = [event('a'), event('a'), event('a')];
    recorder.record(first, 'mine');
    recorder.record(event('b'), 'other');
    recorder.record(second, 'mine');
    expect(reported).toEqual([]);
    await endOfTurn();
    recorder.record(third, 'mine');
    recorder.flush();
    recorder.watch([], undefined);
    recorder.record(event('a'), 'mine');
    await endOfTurn();
    expect(reported).toEqual([[first, second], [third]]);
  });

  it('is bounded', async () => {
    const recorder = new EventRecorder({ mostEvents: 100, mostBytes: 1e6, mostUnreported: 5 });
    const reported: ProtocolEvent[] = [];
    recorder.watch(['mine'], (events) => reported.push(...events));
    for (let i = 0; i < 50; i += 1) recorder.record(event('a'), 'mine');
    await endOfTurn();
    expect(reported).toHaveLength(5);
  });
});
