// `npm run dev`: the platform, and beside it a compiler that watches. After each build without errors the
// processes whose code has changed are asked to end, one copy at a time; the supervisor starts them again.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, watch } from 'node:fs';
import { join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { requireNode } from './node-version.mjs';

requireNode();
const { listFiles, root } = await import('./folders.mjs');
const { newProgress } = await import('./progress.mjs');
const { tell } = await import('./run-command.mjs');
const { findTypesWork, setUp } = await import('./set-up.mjs');
const { ensureSystemParts } = await import('./system-parts.mjs');

const BUILT = /Found 0 errors/;
const FAILED = /Found \d+ errors?/;
const READY_TIMEOUT_MS = 20_000;

const progress = newProgress();
const args = process.argv.slice(2);
await setUp(progress, { verbose: true }).catch(tell);
await ensureSystemParts(progress).catch(tell);

const platform = spawn(process.execPath, [join(root, 'bootstrap/cli.mjs'), 'up', ...args], {
  stdio: 'inherit',
});
const compiler = spawn(
  process.execPath,
  ['node_modules/typescript/bin/tsc', '-p', '.', '--watch', '--preserveWatchOutput', '--pretty', 'false'],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);
// The terminal's Ctrl-C reaches the platform by itself; this process lives until it has stopped.
process.on('SIGINT', () => compiler.kill());
for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => platform.kill(name));
platform.on('exit', (code) => {
  compiler.kill();
  process.exit(code ?? 1);
});

watch(join(root, 'proto'), { recursive: true }, () => {
  const work = findTypesWork();
  if (work) progress.step('types from proto/', work).catch((error) => progress.line(`! ${error.message}`));
});

let known = hashOutputs();
let restarting = Promise.resolve();
compiler.stdout.on('data', (chunk) => {
  const text = String(chunk);
  if (BUILT.test(text))
    restarting = restarting.then(restartChanged).catch((error) => progress.line(`! ${error.message}`));
  else if (FAILED.test(text) || text.includes('error TS')) process.stdout.write(text);
});

async function restartChanged() {
  const before = known;
  known = hashOutputs();
  const changed = [...known].filter(([path, hash]) => before.get(path) !== hash).map(([path]) => path);
  const code = changed.filter(
    (path) => !path.endsWith('.test.js') && !path.startsWith(join('dist', 'tests')),
  );
  if (code.length === 0) return;
  if (code.every((path) => path.startsWith(join('dist', 'packages', 'cli')))) {
    progress.line('! The launcher itself has changed: stop and start `npm run dev` for it');
    return;
  }
  for (const { name, pid } of await servicesOf(code)) {
    process.kill(pid, 'SIGTERM');
    await progress.step(`restart ${name}`, () => restarted(name, pid));
  }
}

/** The processes that run a changed file: a service's own, and every process for what services share. */
async function servicesOf(code) {
  const changed = new Set(
    code.map((path) => (path.split(sep)[1] === 'services' ? path.split(sep)[2] : 'all')),
  );
  const { processes } = await status();
  return processes.filter(
    ({ kind, name }) =>
      kind === 'service' && [...changed, 'monolith'].some((part) => part === 'all' || name.startsWith(part)),
  );
}

async function restarted(name, oldPid) {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const found = (await status()).processes.find((process) => process.name === name);
    if (found && found.pid !== oldPid && found.state === 'ready') return;
    await delay(200);
  }
  throw new Error(`${name} is not ready after ${READY_TIMEOUT_MS / 1000} s; its log tells why`);
}

function status() {
  return new Promise((resolve, reject) => {
    const state = args.includes('--state') ? ['--state', args[args.indexOf('--state') + 1]] : [];
    const child = spawn(process.execPath, [join(root, 'bootstrap/cli.mjs'), 'status', '--json', ...state]);
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('close', () => {
      try {
        resolve(JSON.parse(output));
      } catch (error) {
        reject(error);
      }
    });
  });
}

function hashOutputs() {
  return new Map(
    listFiles('dist', '.js').map((path) => [
      path,
      createHash('sha1')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ]),
  );
}
