import { describe, expect, it } from '@jest/globals';
import { expectProblem } from './expect-problem.js';
import { tristate, type TestPlatform } from './platform.js';
import { Customer, ShopClient } from './shop-client.js';

const PATH = '/control/settings';
const CONFIGURED = { settings: {}, unreached: [] };

/** Switches of the running shop: who may set them, what is refused, and that all of it can be taken back. */
export function describeSettings(platform: () => TestPlatform): void {
  const admin = (): ShopClient => new ShopClient(platform().url, platform().adminToken);
  const current = async (): Promise<unknown> => (await admin().get(PATH)).body;

  describe('settings', () => {
    it.each([
      ['an unknown group', { database: { enabled: false } }, 'database'],
      ['an unknown switch', { cache: { everything: false } }, 'cache.everything'],
      ['a switch that is text', { overload: { enabled: 'off' } }, 'overload.enabled'],
      ['a switch that is null', { cache: { filter: null } }, 'cache.filter'],
      ['a list', [], ''],
    ])('refuse %s, and stay as they are', async (_name, body, field) => {
      const answer = await admin().call('PUT', PATH, { body });
      expectProblem(answer, 400, 'validation-failed');
      expect(answer.body).toMatchObject({ errors: [{ field }] });
      expect(await current()).toEqual(CONFIGURED);
    });

    it('are for the admin token alone', async () => {
      const customer = await Customer.open(platform().url);
      const body = { overload: { enabled: false } };
      for (const [method, options] of [
        ['GET', {}],
        ['PUT', { body }],
      ] as const) {
        expectProblem(
          await new ShopClient(platform().url).call(method, PATH, options),
          401,
          'unauthenticated',
        );
        expectProblem(await customer.call(method, PATH, options), 403, 'forbidden');
      }
      expect(await current()).toEqual(CONFIGURED);
    });

    it('are changed on the command line, and written down', async () => {
      const state = ['--state', platform().stateFolder];
      const set = await tristate(['settings', 'set', 'cache.filter=off', 'overload.enabled=off', ...state]);
      expect([set.exitCode, set.stdout]).toEqual([0, expect.stringMatching(/^overload\.enabled +off$/m)]);
      await tristate(['settings', 'set', 'cache.filter=on', ...state]);
      const changed = { settings: { cache: { filter: true }, overload: { enabled: false } }, unreached: [] };
      expect(await current()).toMatchObject(changed);
      const reset = await tristate(['settings', 'reset', '--json', ...state]);
      expect(JSON.parse(reset.stdout)).toEqual(CONFIGURED);
      const audit = await admin().get('/control/faults/audit');
      expect(audit.body).toMatchObject({
        entries: expect.arrayContaining([
          expect.objectContaining({
            who: 'admin',
            what: 'settings-changed',
            detail: expect.objectContaining({ after: {} }),
          }),
        ]),
      });
      const mistyped = await tristate(['settings', 'set', 'cache.filtre=off', ...state]);
      expect([mistyped.exitCode, mistyped.stderr]).toEqual([
        2,
        expect.stringContaining('Did you mean cache.filter?'),
      ]);
    });
  });
}
