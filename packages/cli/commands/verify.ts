import type { Command } from 'commander';

import { ControlClient } from '../control-client.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';
import { describeLaws } from '../theatre/describe-verdict.js';

/** How long the shop waits for transactions under way before it counts. */
const settleMs = 15_000;

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check the invariants on the running shop; exit 1 and a list when one is broken')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(verify);
}

async function verify({ state, json }: CommonOptions): Promise<void> {
  const report = await ControlClient.ofRun(state).invariants(settleMs);
  if (json) printJson(report);
  else process.stdout.write(`${describeLaws(report).join('\n')}\n`);
  process.exitCode = report.ok ? 0 : 1;
}
