// `npm run simulate`: runs the simulated shop.
import { runTool } from './run-tool.mjs';

await runTool('tests/simulation/command/main.js', { usesParts: () => false });
