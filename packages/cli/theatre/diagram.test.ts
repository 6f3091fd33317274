import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ProtocolEvent } from '#platform/trace/protocol-event.js';
import { drawDiagram } from './diagram.js';
import { Story } from './story-for-test.js';

/** Draws events written by hand; `UPDATE=1` writes what is drawn now into golden/, and the diff is then read. */
const folder = path.resolve(import.meta.dirname, '../../../../packages/cli/theatre/golden');

const [order, active, standby] = ['order-1', 'coordinator-1', 'coordinator-2'] as const;
const participants = ['inventory-1', 'account-2', 'order-2'] as const;

function voted(story: Story, phase: string): Story {
  story.message(order, active, 'execute').log(active, 'begin');
  participants.forEach((name, branch) => story.call(active, name, phase, branch, 'prepared'));
  return story;
}

const stories: Record<string, () => Story> = {
  '2pc-all-vote-yes': () => {
    const story = voted(new Story(), 'prepare').log(active, 'commit', true);
    participants.forEach((name) => story.lost(active, name, 'commit'));
    const sends = story.events.filter(({ what }) => what.kind === 'sent' && what.message === 'commit');
    sends.forEach(({ atUs, what }, branch) => {
      const to = what.kind === 'sent' ? what.to : '';
      story.note(to, { kind: 'received', message: 'commit', branch, from: active, sentAtUs: atUs });
      story.did(to, branch, 'committed').message(to, active, 'commit: done');
    });
    return story
      .log(active, 'end')
      .note(active, { kind: 'ended', outcome: 'committed' })
      .message(active, order, 'execute: committed');
  },

  '2pc-coordinator-crashes-after-the-decision': () => {
    const story = voted(new Story(), 'prepare')
      .log(active, 'commit', true)
      .note(active, { kind: 'fault', point: 'coordinator.decision.after-log', action: 'crash' })
      .note(active, { kind: 'crashed' })
      .after(1_300)
      .note(standby, { kind: 'took-over', term: 2, records: ['begin', 'commit'] });
    participants.forEach((name, branch) => story.call(standby, name, 'commit', branch, 'committed'));
    return story
      .log(standby, 'end')
      .note(standby, { kind: 'ended', outcome: 'committed' })
      .message(order, standby, 'execute', 2)
      .message(standby, order, 'execute: committed')
      .after(700)
      .note(active, { kind: 'restarted' });
  },

  '2pc-a-vote-is-lost': () =>
    new Story()
      .message(order, active, 'execute')
      .log(active, 'begin')
      .message(active, 'inventory-1', 'prepare')
      .did('inventory-1', 0, 'prepared')
      .note('inventory-1', { kind: 'fault', point: 'inventory.prepare.before-reply', action: 'drop-reply' })
      .lost('inventory-1', active, 'prepare: done')
      .after(3_000)
      .log(active, 'abort participant-unavailable', true)
      .call(active, 'inventory-1', 'abort', 0, 'aborted')
      .log(active, 'end')
      .note(active, { kind: 'ended', outcome: 'aborted participant-unavailable' })
      .message(active, order, 'execute: aborted participant-unavailable'),

  'saga-compensates': () =>
    new Story()
      .message(order, active, 'execute')
      .log(active, 'begin')
      .call(active, 'inventory-1', 'apply', 0, 'applied')
      .call(active, 'account-1', 'apply', 1, 'refused insufficient-funds', 'refused insufficient-funds')
      .log(active, 'abort insufficient-funds', true)
      .message(active, 'order-1', 'cancel', 0.4)
      .did('order-1', 2, 'cancelled')
      .message('order-1', active, 'cancel: done', 140)
      .after(150)
      .call(active, 'inventory-1', 'cancel', 0, 'cancelled')
      .log(active, 'end')
      .note(active, { kind: 'ended', outcome: 'aborted insufficient-funds' })
      .message(active, order, 'execute: aborted insufficient-funds'),

  '3pc-participants-commit-by-themselves': () => {
    const story = voted(new Story(), 'can-commit').log(active, 'pre-commit', true);
    participants.forEach((name, branch) => story.call(active, name, 'pre-commit', branch, 'pre-committed'));
    story
      .note(active, { kind: 'fault', point: 'coordinator.do-commit.before-send', action: 'pause' })
      .after(3_000);
    participants.forEach((name, branch) => {
      story
        .note(name, { kind: 'decided-alone', branch, decision: 'committed' })
        .did(name, branch, 'committed');
    });
    return story.after(2_000).note(active, { kind: 'ended', outcome: 'committed' });
  },

  '3pc-diverges': () =>
    voted(new Story(), 'can-commit')
      .log(active, 'pre-commit', true)
      .call(active, 'inventory-1', 'pre-commit', 0, 'pre-committed')
      .lost(active, 'account-2', 'pre-commit')
      .lost(active, 'order', 'pre-commit', 2)
      .after(3_000)
      .note('account-2', { kind: 'decided-alone', branch: 1, decision: 'aborted' })
      .message('account-2', standby, 'can-commit: decided-alone', 5)
      .note('account-2', { kind: 'turned-away', message: 'pre-commit', from: active, code: 'old-term' })
      .message(active, 'account-2', 'do-commit')
      .message('account-2', active, 'do-commit: refused aborted-alone')
      .note(active, {
        kind: 'diverged',
        branches: [1],
        detail:
          'inventory-1 committed after pre-commit; account-2 never got its pre-commit and aborted by itself after 3 s of silence, before do-commit came',
      })
      .log(active, 'diverged', true)
      .note(active, { kind: 'ended', outcome: 'committed' }),
};

describe('a space-time diagram', () => {
  it.each(Object.keys(stories))('%s', (name) => {
    const file = path.join(folder, `${name}.txt`);
    const drawn = drawDiagram(stories[name]?.().events ?? []);
    if (process.env['UPDATE'] === '1') writeFileSync(file, drawn);
    expect(drawn).toBe(readFileSync(file, 'utf8'));
  });

  it('is the same for any order in which events are told, and fits into 120 columns', () => {
    for (const story of Object.values(stories)) {
      const { events } = story();
      const drawn = drawDiagram(events);
      expect(drawDiagram([...events, ...events].reverse())).toBe(drawn);
      for (const line of drawn.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    }
  });

  it('never shows a receipt before its sending, even if a clock says so', () => {
    const at = (process: string, atUs: number, what: ProtocolEvent['what']): ProtocolEvent => ({
      gid: 'g',
      process,
      atUs,
      what,
    });
    const drawn = drawDiagram([
      at('inventory-1', 500, {
        kind: 'received',
        message: 'prepare',
        from: 'coordinator-1',
        sentAtUs: 1_000,
      }),
      at('inventory-1', 600, { kind: 'did', branch: 0, state: 'prepared' }),
      at('coordinator-1', 1_000, { kind: 'sent', message: 'prepare', to: 'inventory-1' }),
    ]);
    expect(drawn.split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(/├─ prepare ─+▶│/),
      expect.stringMatching(/● prepared/),
    ]);
  });

  it('folds a fault that acts again and again', () => {
    const story = new Story().log('coordinator-1', 'begin');
    for (let time = 0; time < 40; time++) {
      story.note('coordinator-1', {
        kind: 'fault',
        point: 'coordinator.decision.before-log',
        action: 'error',
      });
      story.after(99.9);
    }
    const lines = drawDiagram(story.log('coordinator-1', 'commit', true).events).split('\n');
    expect(lines.slice(2, 4)).toEqual([
      expect.stringMatching(
        /^ {5}0\.1 {2}↯ error at coordinator\.decision\.before-log, 40 times until 3900\.1$/,
      ),
      expect.stringMatching(/▪ log commit!/),
    ]);
  });

  it('says so when nothing was recorded', () => {
    expect(drawDiagram([])).toBe('(nothing was recorded)\n');
  });

  it('colours only when asked', () => {
    const { events } = new Story().log('coordinator-1', 'commit', true);
    expect(drawDiagram(events)).not.toContain('\u001b');
    expect(drawDiagram(events, { colour: true })).toContain('\u001b[1m▪');
  });
});
