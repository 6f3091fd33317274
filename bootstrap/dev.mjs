// `npm run dev`: the platform, and beside it a compiler that watches. After each build without errors the
// processes whose code has changed are asked to end, one copy at a time; the supervisor starts them again.
import { spawn } from 'node:child_process';
import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
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
// Needs a package, which the set-up has just installed.
const { BUNDLES, bundleServices } = await import('./bundle.mjs');

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

let known = readEntries();
let restarting = Promise.resolve();
compiler.stdout.on('data', (chunk) => {
  const text = String(chunk);
  if (BUILT.test(text)) {
    restarting = restarting.then(restartChanged).catch((error) => progress.line(`! ${error.message}`));
  } else if (FAILED.test(text) || text.includes('error TS')) {
    process.stdout.write(text);
  }
});

async function restartChanged() {
  await bundleServices();
  const before = known;
  known = readEntries();
  const changed = [...known.keys()].filter((service) => before.get(service) !== known.get(service));
  if (changed.length === 0) return;
  const { processes } = await status();
  for (const { name, pid } of processes) {
    if (!changed.some((service) => name === service || name.startsWith(`${service}-`))) continue;
    process.kill(pid, 'SIGINT');
    await progress.step(`restart ${name}`, () => restarted(name, pid));
  }
}

/**
 * The entry of each service's bundle. It names the files that it shares with other services by the hashes of
 * their contents, and so differs when anything in the service has changed.
 */
function readEntries() {
  return new Map(
    listFiles(BUNDLES, 'main.js').map((path) => [
      path.split(/[/\\]/).at(-2),
      readFileSync(join(root, path), 'utf8'),
    ]),
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
