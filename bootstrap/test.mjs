import { requireNode } from './node-version.mjs';

requireNode();
const { run, runJest } = await import('./jest.mjs');
const { newProgress } = await import('./progress.mjs');
const { tell } = await import('./run-command.mjs');
const { setUp } = await import('./set-up.mjs');
const { ensureSystemParts, testParts } = await import('./system-parts.mjs');

const progress = newProgress();
try {
  await setUp(progress, { verbose: true });
  await ensureSystemParts(progress, testParts);
} catch (error) {
  tell(error);
}

run('npm', ['run', '--silent', 'lint']);
progress.line(`✓ lint  (${progress.elapsed()} in all)`);
runJest(process.argv.slice(2));
