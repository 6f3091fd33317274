// The command line without the set-up before it: what `tristate up --detach` runs in the background.
import { main } from '../dist/packages/cli/main.js';

await main(process.argv.slice(2));
