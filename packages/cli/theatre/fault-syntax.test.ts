import { describe, expect, it } from '@jest/globals';
import { parseFault } from './fault-syntax.js';

describe('a fault on the command line', () => {
  it('has a failpoint and an action', () => {
    expect(parseFault('coordinator.decision.after-log=crash')).toEqual({
      ok: true,
      fault: { point: 'coordinator.decision.after-log', action: 'crash', nth: 1, repeated: false },
    });
  });

  it('may say how long, where, and from which time on', () => {
    expect(parseFault('coordinator.commit.before-send=pause:3000@coordinator-2#3')).toEqual({
      ok: true,
      fault: {
        point: 'coordinator.commit.before-send',
        action: 'pause',
        durationMs: 3_000,
        process: 'coordinator-2',
        nth: 3,
        repeated: false,
      },
    });
    expect(parseFault('inventory.prepare.before-reply=drop-reply#1+')).toMatchObject({
      ok: true,
      fault: { nth: 1, repeated: true },
    });
  });

  it.each([
    ['crash', /POINT=ACTION/],
    ['coordinator.decison.after-log=crash', /no failpoint.*Did you mean coordinator\.decision\.after-log/],
    ['=crash', /no failpoint \(empty\)/],
    ['coordinator.decision.after-log=explode', /explode cannot happen.*crash, pause, delay, error/],
    ['coordinator.decision.after-log=drop-reply', /drop-reply cannot happen/],
    ['coordinator.decision.after-log=crash:10', /Only a pause and a delay/],
    ['coordinator.decision.after-log=pause:10.5', /whole number of ms/],
    ['coordinator.decision.after-log=pause:9999999', /up to 60000/],
    ['coordinator.decision.after-log=crash@', /named like coordinator-1/],
    ['coordinator.decision.after-log=crash@$(reboot)', /named like coordinator-1/],
    ['coordinator.decision.after-log=crash#0', /#NTH/],
    ['coordinator.decision.after-log=crash#x', /#NTH/],
  ])('%s is refused with a reason', (text, problem) => {
    const parsed = parseFault(text);
    expect(parsed.ok ? '' : parsed.problem).toMatch(problem);
  });
});
