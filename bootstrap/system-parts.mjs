import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { Failure, runCommand } from './run-command.mjs';

/** Where systems keep servers without their being on every user's PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/opt/homebrew/bin', '/usr/local/bin'];

/** What the shop runs. */
export const shopParts = [
  { program: 'nginx', apt: 'nginx', brew: 'nginx' },
  { program: 'redis-server', apt: 'redis-server', brew: 'redis' },
];

/** What its tests need besides: the images of PostgreSQL have a client, the shop's own packages have none. */
export const testParts = [...shopParts, { program: 'psql', apt: 'postgresql-client', brew: 'libpq' }];

/** The absolute path of a program, or undefined. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Installs what is missing of `parts`, after saying what and how; without the means, says what to do. */
export async function ensureSystemParts(progress, parts = shopParts) {
  const missing = parts.filter(({ program }) => findProgram(program) === undefined);
  if (missing.length === 0) return;
  const names = missing.map(({ program }) => program).join(' and ');
  const are = missing.length === 1 ? 'is' : 'are';
  const installer = await findInstaller(missing);
  if (installer.refusal) throw new Failure(`${names} ${are} missing. ${installer.refusal}`);
  progress.line(`${names} ${are} missing and will be installed: ${installer.shown}`);
  await progress.step(`install ${names}`, installer.run);
  const still = missing.filter(({ program }) => findProgram(program) === undefined);
  if (still.length > 0)
    throw new Failure(`${installer.shown} went well, but there is still no ${still[0].program}.`);
}

async function findInstaller(missing) {
  if (findProgram('apt-get')) {
    const packages = missing.map(({ apt }) => apt);
    const shown = `apt-get install ${packages.join(' ')}`;
    if (process.getuid() === 0) return { shown, run: (report) => installWithApt(packages, [], report) };
    if (await sudoWorks())
      return { shown: `sudo ${shown}`, run: (report) => installWithApt(packages, ['sudo', '-n'], report) };
    return { refusal: `Install with:\n  sudo ${shown}` };
  }
  const formulas = missing.map(({ brew }) => brew);
  if (findProgram('brew')) {
    return {
      shown: `brew install ${formulas.join(' ')}`,
      run: () => runCommand('brew', ['install', ...formulas]),
    };
  }
  const hint = process.platform === 'darwin' ? 'brew install' : "your system's package manager:";
  return { refusal: `Neither apt-get nor brew is here. Install with ${hint} ${formulas.join(' ')}` };
}

async function sudoWorks() {
  if (findProgram('sudo') === undefined) return false;
  return runCommand('sudo', ['-n', 'true']).then(
    () => true,
    () => false,
  );
}

/** Debian starts a server as soon as it is installed, on public ports; this file, which Debian asks, forbids it. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

async function installWithApt(packages, prefix, report) {
  const run = (...words) => {
    const [command, ...args] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...words];
    return runCommand(command, args, { onOutput: (text) => report(lastLine(text)) });
  };
  const guarded = !existsSync(POLICY_FILE);
  if (guarded)
    await run('sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${POLICY_FILE} && chmod 755 ${POLICY_FILE}`);
  try {
    report('apt-get update');
    // Without the network the lists that are there may still do; if not, the installation says so.
    await run('apt-get', 'update', '-q').catch(() => undefined);
    await run('apt-get', 'install', '-q', '-y', '--no-install-recommends', ...packages);
    // Nor should they start with the machine: they belong to Tristate, which starts its own.
    for (const name of packages) await run('update-rc.d', name, 'disable').catch(() => undefined);
  } finally {
    if (guarded) await run('rm', '-f', POLICY_FILE);
  }
}

function lastLine(text) {
  return text.trim().split('\n').at(-1).slice(0, 60);
}
