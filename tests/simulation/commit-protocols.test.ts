import { describe, expect, it } from '@jest/globals';
import { coverageOf, runCampaign } from '#simulator/campaign.js';
import { runSchedule } from '#simulator/schedule.js';
import { reportOf } from './failure-report.js';

const protocols = ['saga', 'tcc', '2pc', '3pc'] as const;
/** Fixed, so that a commit is judged by itself and not by the day's luck; `npm run simulate` goes further. */
const firstSeed = 1987;
const schedules = 3_000;

describe('a shop under lost, late and repeated messages, crashes, pauses and partitions', () => {
  it.each(protocols)('%s keeps every law, and ends every order', (protocol) => {
    const result = runCampaign({ protocol, firstSeed, schedules });
    if (result.failure !== undefined) throw new Error(reportOf(result.failure));
    expect(result.committed).toBeGreaterThan(schedules / 2);
    expect(result.aborted).toBeGreaterThan(schedules / 2);
    // Nearly every failpoint has been struck by a fault; a longer run strikes the others.
    const { reachable, missed } = coverageOf(result);
    expect(missed.length).toBeLessThan(reachable / 5);
  });

  it('3pc diverges now and then, as it may, and is repaired', () => {
    expect(runCampaign({ protocol: '3pc', firstSeed, schedules }).diverged).toBeGreaterThan(0);
  });

  it('without a protocol money is lost', () => {
    const result = runCampaign({ protocol: 'none', firstSeed, schedules: 500 });
    if (result.failure !== undefined) throw new Error(reportOf(result.failure));
    expect(result.broken).toBeGreaterThan(0);
  });

  it.each(protocols)('a schedule of %s is repeated by its seed', (protocol) => {
    const run = (): readonly string[] =>
      runSchedule({ protocol, seed: firstSeed, without: [] }, { isTold: true }).history;
    expect(run()).toEqual(run());
    expect(run().length).toBeGreaterThan(10);
  });
});
