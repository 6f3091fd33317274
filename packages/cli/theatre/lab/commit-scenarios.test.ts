import { describe, expect, it } from '@jest/globals';
import { Story } from '../story-for-test.js';
import { commitScenarios } from './commit-scenarios.js';
import { comparisonTable } from './comparison.js';
import { faultsOf, type PerformedAct } from './perform-scenario.js';

describe('the scenarios of the commit lab', () => {
  it('name faults that there are, and end in less than 40 s', () => {
    for (const { acts } of commitScenarios) {
      for (const act of acts) expect(faultsOf(act)).toHaveLength(act.faults.length);
      const othersMs = 4_000;
      const longestMs = acts.reduce((sum, { faultTtlMs }) => sum + faultTtlMs + othersMs, 0);
      expect(longestMs).toBeLessThanOrEqual(40_000);
    }
  });

  it('each have a counterpart in another protocol', () => {
    for (const { acts } of commitScenarios) {
      expect(acts[0]?.protocol).toBe('2pc');
      expect(acts.some(({ protocol }) => protocol !== '2pc')).toBe(true);
    }
  });
});

describe('the comparison', () => {
  it('shows for each act what was measured', () => {
    const [scenario] = commitScenarios;
    const order = {
      outcome: 'CONFIRMED',
      idempotencyKey: '',
      servedBy: '',
      latencyMs: 6_012,
      attempts: 1,
    } as const;
    const rival = {
      ...order,
      outcome: 'REJECTED',
      code: 'participant-unavailable',
      latencyMs: 3_001,
    } as const;
    const { events } = new Story()
      .did('inventory-1', 0, 'prepared')
      .after(5_999.9)
      .did('inventory-1', 0, 'committed');
    const transaction = { gid: 'g', events, log: [], missing: [] };
    const verdict = { ok: true, laws: [] };
    const acts = (scenario?.acts ?? []).map((act): PerformedAct => ({
      act,
      order,
      rival,
      transaction,
      verdict,
    }));
    expect(comparisonTable(acts).split('\n')).toEqual([
      "     order      client's wait  inventory held  account held  order held  the other order                               laws",
      '2pc  CONFIRMED  6,012 ms       6,000 ms        -             -           REJECTED participant-unavailable in 3,001 ms  hold',
      '3pc  CONFIRMED  6,012 ms       6,000 ms        -             -           REJECTED participant-unavailable in 3,001 ms  hold',
      'tcc  CONFIRMED  6,012 ms       6,000 ms*       -             -           REJECTED participant-unavailable in 3,001 ms  hold',
      '* a reservation, not a lock',
    ]);
  });
});
