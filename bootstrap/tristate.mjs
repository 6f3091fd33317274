#!/usr/bin/env node
import { requireNode } from './node-version.mjs';

requireNode();
const { newProgress } = await import('./progress.mjs');
const { tell } = await import('./run-command.mjs');
const { setUp } = await import('./set-up.mjs');
const { ensureSystemParts } = await import('./system-parts.mjs');

// Only the command's own result belongs on the output.
const progress = newProgress({ stream: process.stderr });
const args = process.argv.slice(2);
try {
  await setUp(progress);
  if (args[0] === 'up' && !args.includes('--help')) await ensureSystemParts(progress);
} catch (error) {
  tell(error);
}
const { main } = await import('../dist/packages/cli/main.js');
await main(args);
