import { requireNode } from './node-version.mjs';

requireNode();
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
const { main } = await import('../dist/packages/cli/main.js');
await main(['up', ...process.argv.slice(2)]);
