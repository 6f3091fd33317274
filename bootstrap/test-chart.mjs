// `npm run test:chart`: the chart's own tests, without a cluster and without starting anything.
import { requireNode } from './node-version.mjs';

requireNode();
const { newProgress } = await import('./progress.mjs');
const { tell } = await import('./run-command.mjs');
const { setUp } = await import('./set-up.mjs');
const { runJest } = await import('./jest.mjs');

await setUp(newProgress(), { verbose: true }).catch(tell);
runJest(['--selectProjects=platform', 'dist/tests/chart/', ...process.argv.slice(2)]);
