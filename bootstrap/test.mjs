import { spawnSync } from 'node:child_process';

import { requireNode } from './node-version.mjs';

requireNode();
const { root } = await import('./folders.mjs');
const { newProgress } = await import('./progress.mjs');
const { tell } = await import('./run-command.mjs');
const { setUp } = await import('./set-up.mjs');
const { ensureSystemParts } = await import('./system-parts.mjs');

const progress = newProgress();
try {
  await setUp(progress, { verbose: true });
  await ensureSystemParts(progress);
} catch (error) {
  tell(error);
}

run('npm', ['run', '--silent', 'lint']);
progress.line(`✓ lint  (${progress.elapsed()} in all)`);
run(process.execPath, ['node_modules/jest/bin/jest.js', ...process.argv.slice(2)], {
  // Jest loads ECMAScript modules through an interface of Node's that is still behind this flag.
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`.trim(),
});

function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(status ?? 1);
}
