import { requireNode } from './node-version.mjs';

requireNode();
const { newProgress } = await import('./progress.mjs');
const { tell } = await import('./run-command.mjs');
const { setUp } = await import('./set-up.mjs');

await setUp(newProgress(), { verbose: true }).catch(tell);
