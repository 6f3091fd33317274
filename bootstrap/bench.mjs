// `npm run bench -- <name>`: measures.
import { runTool } from './run-tool.mjs';

await runTool('tests/bench/main.js', { usesParts: (args) => !args.includes('--help') });
