// `npm run crash`: runs the shop into every fault.
import { runTool } from './run-tool.mjs';

await runTool('tests/crash/main.js', {
  usesParts: (args) => !args.includes('--help') && !args.includes('--list'),
});
