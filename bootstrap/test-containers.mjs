// `npm run test:containers`: the image and docker-compose.yml, where a Docker engine is present or can be started.
import { runTool } from './run-tool.mjs';

await runTool('tests/containers/main.js', { usesParts: () => false });
