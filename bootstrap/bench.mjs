// `npm run bench -- <name>`: brings everything up to date, then measures.
import { requireNode } from './node-version.mjs';

requireNode();
const { newProgress } = await import('./progress.mjs');
const { tell } = await import('./run-command.mjs');
const { setUp } = await import('./set-up.mjs');
const { ensureSystemParts } = await import('./system-parts.mjs');

// Only the benchmark's own result belongs on the output.
const progress = newProgress({ stream: process.stderr });
const args = process.argv.slice(2);
try {
  await setUp(progress);
  if (!args.includes('--help')) await ensureSystemParts(progress);
} catch (error) {
  tell(error);
}
const { main } = await import('../dist/tests/bench/main.js');
await main(args);
