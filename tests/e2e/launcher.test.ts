import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { cliPath, isRunning, repository, TestPlatform, tristate } from './platform.js';
import { placeOrder } from './place-order.js';
import { Customer, plentifulProducts } from './shop-client.js';
import { waitUntil } from './wait-until.js';

const GONE_DEADLINE_MS = 20_000;

jest.setTimeout(240_000);

/** What people do to a platform on their own machine: two at once, Ctrl-C, a power cut. Stage 1 stands for all. */
describe('the launcher', () => {
  const platforms: TestPlatform[] = [];

  const create = async (folderPrefix?: string): Promise<TestPlatform> => {
    const platform = await TestPlatform.create(1, folderPrefix);
    platforms.push(platform);
    return platform;
  };

  afterEach(async () => {
    for (const platform of platforms.splice(0)) await platform.remove();
  });

  const expectOpen = async (platform: TestPlatform): Promise<void> => {
    const customer = await Customer.open(platform.url);
    const [product] = await plentifulProducts(customer);
    const answer = await placeOrder(customer, { items: [{ sku: product.sku, quantity: 1 }] });
    expect([answer.status, answer.text]).toEqual([201, answer.text]);
  };

  const expectGone = (pids: number[]): Promise<true> =>
    waitUntil(
      'the end of all processes',
      GONE_DEADLINE_MS,
      () => (pids.some(isRunning) ? undefined : true),
      () => `There are still ${pids.filter(isRunning).join(', ')}`,
    );

  it('names the port that is taken, and the flag that chooses another', async () => {
    const platform = await create();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(platform.port, '127.0.0.1', resolve));
    try {
      const { exitCode, stdout, stderr } = await tristate(platform.upArguments);
      expect(exitCode).toBe(1);
      expect(stdout + stderr).toMatch(new RegExp(`${platform.port}.*in use.*--port`, 's'));
      expect(await platform.pids()).toEqual([]);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  it('refuses a second start with the same state folder, and leaves the first alone', async () => {
    const platform = await create();
    await platform.start();
    const before = await platform.pids();
    const { exitCode, stdout, stderr } = await tristate(platform.upArguments);
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain('tristate down');
    expect(await platform.pids()).toEqual(before);
    await expectOpen(platform);
  });

  it('runs two platforms side by side, and stops the one that was meant', async () => {
    const [one, other] = [await create(), await create()];
    await Promise.all([one.start(), other.start()]);
    await Promise.all([expectOpen(one), expectOpen(other)]);
    const pids = await one.pids();
    const { exitCode, stdout } = await tristate(['status', '--state', one.stateFolder, '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      stage: 1,
      processes: pids.map((pid) => ({ pid, state: 'ready' })),
    });
    expect((await tristate(['down', '--state', one.stateFolder])).exitCode).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    await expectOpen(other);
  });

  it('keeps the data of a stopped platform until it is told to delete it', async () => {
    const platform = await create();
    await platform.start();
    const customer = await Customer.open(platform.url, 321);
    await tristate(['down', '--state', platform.stateFolder]);
    await platform.start();
    expect(await customer.balanceMinor()).toBe(321);
  });

  it('ends what a killed launcher left behind with the next down, and nothing else', async () => {
    const platform = await create();
    await platform.start();
    const pids = await platform.pids();
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      process.kill(await platform.pidOf('launcher'), 'SIGKILL');
      expect((await tristate(['down', '--state', platform.stateFolder])).exitCode).toBe(0);
      await expectGone(pids);
      expect(bystander.exitCode).toBeNull();
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  it('ends what a killed launcher left behind with the next up, and opens the shop with its data', async () => {
    const platform = await create();
    await platform.start();
    const customer = await Customer.open(platform.url, 123);
    const pids = await platform.pids();
    process.kill(await platform.pidOf('launcher'), 'SIGKILL');
    await platform.start();
    await expectGone(pids);
    expect(await customer.balanceMinor()).toBe(123);
    await expectOpen(platform);
  });

  it('stops everything on Ctrl-C', async () => {
    const platform = await create();
    const args = platform.upArguments.filter((argument) => argument !== '--detach');
    const launcher = spawn(process.execPath, [cliPath, ...args], { cwd: repository, stdio: 'ignore' });
    const exit = new Promise<number | null>((resolve) => launcher.once('exit', resolve));
    try {
      await waitUntil('a platform that is ready', 120_000, async () => {
        const { processes } = await platform.status();
        return processes.length > 1 && processes.every(({ state }) => state === 'ready') ? true : undefined;
      });
      const pids = await platform.pids();
      launcher.kill('SIGINT');
      expect([0, 130]).toContain(await exit);
      expect(pids.filter(isRunning)).toEqual([]);
    } finally {
      launcher.kill('SIGKILL');
    }
  });

  it('works in a checkout and with a state folder whose paths have blanks and quotes', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tristate test it's "));
    const checkout = path.join(folder, 'my checkout');
    mkdirSync(checkout);
    const parts = readdirSync(repository).filter(
      (part) => !['node_modules', '.git', '.tristate'].includes(part),
    );
    for (const part of parts) {
      // Times are kept, so that nothing looks as if it had to be built again.
      cpSync(path.join(repository, part), path.join(checkout, part), {
        recursive: true,
        preserveTimestamps: true,
      });
    }
    symlinkSync(path.join(repository, 'node_modules'), path.join(checkout, 'node_modules'));
    try {
      const platform = await create("tristate test it's ");
      const program = path.join(checkout, 'bootstrap', 'tristate.mjs');
      const { exitCode, stdout, stderr } = await tristate(platform.upArguments, program);
      expect([exitCode, stdout, stderr]).toEqual([0, stdout, stderr]);
      await expectOpen(platform);
    } finally {
      for (const platform of platforms.splice(0)) await platform.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
