import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { runProgram } from '../run-program.js';
import { chartFolder, root } from '../chart/tools.js';
import { provideBaseImages } from './base-images.js';
import { findComposes, versionOf, type Compose } from './compose.js';
import { Containers } from './containers.js';
import { engineFolder, findEngine, type Engine } from './engine.js';
import { Observability } from './observability.js';
import { run } from './run.js';
import { ShopChecks } from './shop-checks.js';

/** Away from those that a shop on this machine uses. */
const ports = { shop: 18_080, prometheus: 18_081 };
const image = 'tristate:0.1.0';

/** On top of the official base image, which has 230 MB, this leaves the image below 350 MB. */
const mostOwnMegabytes = 100;

/**
 * `npm run test:containers`: builds the image, brings docker-compose.yml up, places orders, kills containers and checks what is left.
 * Everything is reachable from this machine alone, and is taken away again; only the engine's folder with the base images stays.
 */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('npm run test:containers')
    .description('Builds the image, runs docker-compose.yml, kills its containers, and checks what is left.')
    .addHelpText(
      'after',
      `\nIt takes the Docker engine that answers, or starts one of its own (root on Linux); where neither can be, it says so
and passes. Images that cannot be pulled are made from Debian's packages, and kept in ${engineFolder}.`,
    )
    .exitOverride()
    .action(testContainers);
  await runProgram(program, args);
}

async function testContainers(): Promise<void> {
  const engine = await findEngine();
  if (typeof engine === 'string') return skip(engine);
  try {
    const base = provideBaseImages(engine);
    if (base === undefined) return skip('the base images can neither be pulled nor made');
    process.stdout.write(`base images: ${base}\n`);
    const [compose, ...others] = findComposes(engine);
    if (compose === undefined) return skip('neither docker compose nor docker-compose is here');
    await check(engine, [compose, ...others]);
  } finally {
    await engine.stop();
  }
}

function skip(why: string): void {
  process.stdout.write(`The containers are not tested: ${why}.\n`);
}

async function check(engine: Engine, composes: readonly [Compose, ...Compose[]]): Promise<void> {
  const [composeCommand] = composes;
  const { environment } = engine;
  const containers = new Containers({ engine, composeCommand, ports });
  const results: { name: string; error: Error | undefined }[] = [];
  const step = async (name: string, work: () => Promise<void> | void): Promise<void> => {
    const began = performance.now();
    let error: Error | undefined;
    try {
      await work();
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stdout.write(`${error === undefined ? '✓' : '✗'} ${name}  ${seconds} s\n`);
    // As the containers are now, before the next step changes them.
    if (error !== undefined) process.stdout.write(`${error.message}\n${containers.logs()}`);
    results.push({ name, error });
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'tristate-containers-'));
  const tokenFile = path.join(folder, 'admin-token');
  try {
    await step('the image is built', () => {
      run('docker', ['build', '--quiet', '--network=host', '--tag', image, root], environment);
      // What the build has written goes to disk now and not while the shop starts, whose primary would be taken for dead.
      run('sync', [], environment);
    });
    await step('the image is small', () => requireSmall(environment));
    for (const [command, ...args] of composes) {
      await step(`Compose ${versionOf([command, ...args])} takes the compose file`, () => {
        const check = ['--project-directory', root, '--profile', 'observability', 'config', '--quiet'];
        run(command, [...args, ...check], environment);
      });
    }
    await step(`the compose file comes up with Compose ${versionOf(composeCommand)}`, () => {
      containers.down();
      containers.up();
      writeFileSync(tokenFile, containers.read('registry', '/run/tristate/secrets/admin-token'), {
        mode: 0o600,
      });
    });
    await step('helm test’s questions are answered', () => askShop(containers.url, tokenFile));
    const observability = new Observability(containers.prometheusUrl);
    await step('Prometheus hears of every process', () => {
      containers.upOf('observability', 'prometheus');
      return observability.seesEveryProcess();
    });
    await step('every panel of the dashboard has data', () => observability.fillsEveryPanel());
    const checks = new ShopChecks(
      containers,
      containers.read('registry', '/run/tristate/secrets/admin-token'),
    );
    for (const [name, work] of checks.all()) await step(name, work);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await step('everything goes away', () => containers.down());
  }
  const failed = results.filter(({ error }) => error !== undefined).length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = 1;
}

function requireSmall(environment: Record<string, string>): void {
  const size = (name: string): number =>
    Number(run('docker', ['image', 'inspect', '--format', '{{.Size}}', name], environment)) / 1e6;
  const own = Math.round(size(image) - size('node:24-bookworm-slim'));
  if (own > mostOwnMegabytes) throw new Error(`it adds ${own} MB to its base, above ${mostOwnMegabytes} MB`);
}

function askShop(url: string, tokenFile: string): void {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--test', path.join(chartFolder, 'files/shop.test.mjs')],
    {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', SHOP_URL: url, ADMIN_TOKEN_FILE: tokenFile },
    },
  );
  if (status !== 0) throw new Error(stdout);
}
