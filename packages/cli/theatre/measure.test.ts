import { describe, expect, it } from '@jest/globals';
import { holdsOf, missingProcesses } from './measure.js';
import { unrest } from './settle.js';
import { Story } from './story-for-test.js';

describe('what is measured in the events', () => {
  it('a branch is held from its yes to the decision, whichever copy of its service acted', () => {
    const { events } = new Story()
      .did('inventory-1', 0, 'prepared')
      .did('account-2', 1, 'prepared')
      .after(99.8)
      .did('inventory-2', 0, 'pre-committed')
      .did('inventory-2', 0, 'committed')
      .after(50);
    expect(holdsOf(events)).toEqual([
      { service: 'inventory', branch: 0, ms: expect.closeTo(100.1), end: 'committed' },
      { service: 'account', branch: 1, ms: expect.closeTo(100), end: undefined },
    ]);
  });

  it('a branch that decided by itself is held no longer', () => {
    const { events } = new Story()
      .did('order-1', 2, 'pre-committed')
      .after(2_999.9)
      .note('order-1', { kind: 'decided-alone', branch: 2, decision: 'committed' })
      .did('order-1', 2, 'committed');
    expect(holdsOf(events)).toEqual([
      { service: 'order', branch: 2, ms: expect.closeTo(3_000), end: 'committed' },
    ]);
  });

  it('a saga holds nothing', () => {
    expect(holdsOf(new Story().did('inventory-1', 0, 'applied').events)).toEqual([]);
  });

  it('a process that crashed is missing until it is back', () => {
    const story = new Story()
      .note('coordinator-1', { kind: 'fault', point: 'coordinator.end.after-log', action: 'crash' })
      .note('coordinator-1', { kind: 'crashed' });
    expect(missingProcesses(story.events)).toEqual(['coordinator-1']);
    story.note('coordinator-1', { kind: 'restarted' });
    expect(missingProcesses(story.events)).toEqual([]);
  });
});

describe('a transaction is at rest', () => {
  it('when it has ended, nobody is missing, nothing is held, and whoever was paused has woken up', () => {
    const story = new Story().did('inventory-1', 0, 'prepared');
    const nowUs = (): number => story.events[0]?.atUs ?? 0;
    expect(unrest(story.events, 3_000, nowUs())).toMatch(/end of the transaction/);
    story.note('coordinator-1', { kind: 'ended', outcome: 'committed' });
    expect(unrest(story.events, 3_000, nowUs())).toMatch(/branch of inventory/);
    story.did('inventory-1', 0, 'committed');
    expect(unrest(story.events, 3_000, nowUs())).toBeUndefined();
    story.note('account-1', { kind: 'crashed' });
    expect(unrest(story.events, 3_000, nowUs())).toMatch(/account-1 to come back/);
    story.note('account-1', { kind: 'restarted' });
    story.note('order-1', { kind: 'fault', point: 'order.commit.before-log', action: 'pause' });
    expect(unrest(story.events, 3_000, nowUs())).toMatch(/order-1 to wake up/);
    expect(unrest(story.events, 3_000, nowUs() + 5_000_000)).toBeUndefined();
  });
});
