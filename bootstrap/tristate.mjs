#!/usr/bin/env node
import { runTool } from './run-tool.mjs';

await runTool('packages/cli/main.js', {
  usesParts: (args) => args[0] === 'up' && !args.includes('--help'),
});
