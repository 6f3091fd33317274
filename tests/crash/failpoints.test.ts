import { beforeAll, describe, expect, it } from '@jest/globals';
import { findStateFolder } from '#cli/launcher/state-folder.js';
import { usePlatform } from '../e2e/platform.js';
import { nameOf, type CrashCase } from './cases.js';
import { runCase, type RunningShop } from './run-case.js';
import { openShop } from './running-shop.js';

/**
 * A slice of what `npm run crash` goes through: of each protocol the moments around its decision, with each kind of
 * fault. Whatever happens there, every order ends, and no money and no goods are lost.
 */
const cases: readonly CrashCase[] = [
  { protocol: 'saga', point: 'coordinator.decision.after-log', action: 'crash' },
  { protocol: 'saga', point: 'account.apply.before-reply', action: 'drop' },
  { protocol: 'tcc', point: 'coordinator.decision.before-log', action: 'crash' },
  { protocol: 'tcc', point: 'inventory.confirm.after-log', action: 'crash' },
  { protocol: '2pc', point: 'coordinator.decision.after-log', action: 'pause' },
  { protocol: '2pc', point: 'account.prepare.after-log', action: 'crash' },
  { protocol: '2pc', point: 'coordinator.commit.before-send', action: 'duplicate' },
  { protocol: '3pc', point: 'coordinator.pre-commit.after-log', action: 'crash' },
  { protocol: '3pc', point: 'order.do-commit.after-receive', action: 'drop' },
  { protocol: '2pc', point: 'coordinator.takeover.after-log', action: 'crash' },
];

describe('a fault at a failpoint while orders come in', () => {
  const platform = usePlatform(10);
  let shop: RunningShop;

  beforeAll(async () => {
    const state = findStateFolder(platform().stateFolder);
    if (state === undefined) throw new Error('the platform has no state folder');
    shop = await openShop(state);
  });

  it.each(cases.map((one) => [nameOf(one), one] as const))('%s', async (_, one) => {
    const report = await runCase(shop, one);
    expect(report.violations).toEqual([]);
    expect(report.acted).toBeGreaterThan(0);
    expect(report.confirmed + report.rejected).toBe(10);
  });
});
