// `npm start`: everything that is needed, and then the shop.
import { runTool } from './run-tool.mjs';

await runTool('packages/cli/main.js', {
  args: ['up', ...process.argv.slice(2)],
  usesParts: () => true,
  toStderr: false,
  verbose: true,
});
