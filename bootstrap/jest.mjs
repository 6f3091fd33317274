import { spawnSync } from 'node:child_process';

import { root } from './folders.mjs';

/** Runs Jest on the build, in this terminal; ends this process when a test fails. */
export function runJest(args) {
  run(process.execPath, ['node_modules/jest/bin/jest.js', ...args], {
    // Jest loads ECMAScript modules through an interface of Node's that is still behind this flag.
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`.trim(),
  });
}

export function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(status ?? 1);
}
