import { describe, expect, it } from '@jest/globals';
import { describeBadInput } from './bad-input.js';
import { describeContract, localShop } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { usePlatform } from './platform.js';
import { ShopClient } from './shop-client.js';

describe('stage 1, one process', () => {
  const platform = usePlatform(1);
  describe('bad input', () => describeBadInput(platform));
  describeContract(() => localShop(platform()));

  it('has no failpoints, since it sends no messages, and says so', async () => {
    const admin = new ShopClient(platform().url, platform().adminToken);
    expect((await admin.get('/control/faults/points')).body).toEqual({ points: [] });
    const body = { point: 'coordinator.decision.after-log', action: 'crash', ttlMs: 5_000 };
    expectProblem(await admin.call('POST', '/control/faults', { body }), 409, 'no-failpoints-here');
    expect((await admin.get('/control/settings')).body).toEqual({ settings: {}, unreached: [] });
    const change = { body: { overload: { enabled: false } } };
    expectProblem(await admin.call('PUT', '/control/settings', change), 409, 'no-control-streams');
  });
});
