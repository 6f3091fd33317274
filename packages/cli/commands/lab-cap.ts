import type { Command } from 'commander';

import { ControlClient } from '../control-client.js';
import { DatabaseControl } from '../drill/database-control.js';
import { OrderWriters } from '../drill/order-writers.js';
import { withHealing } from '../drill/with-healing.js';
import { performCapAct, type CapAct } from '../lab/cap/cap-act.js';
import { describeCap, hasKeptPromises, judgeAct } from '../lab/cap/cap-report.js';
import { cutWires, stopReplicas } from '../lab/cap/cut-replicas.js';
import { requireRun } from '../launcher/require-run.js';
import { WiresClient } from '../launcher/wires/wires-client.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';
import { progress } from '../theatre/explain-order.js';

interface LabCapOptions extends CommonOptions {
  readonly seconds: number;
  readonly clients: number;
}

const mostSeconds = 60;
const mostClients = 64;
/** Longer than the shop takes to answer PENDING: what has no answer then is the third state. */
const answerMs = 5_000;

export function addLabCap(lab: Command): void {
  lab
    .command('cap')
    .description('cut the replicas off, then lose the primary: what CP refuses and what AP loses')
    .option('--seconds <number>', 'how long the replicas are cut off', wholeNumber(1, mostSeconds), 5)
    .option('--clients <number>', 'customers who order at once', wholeNumber(1, mostClients), 4)
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(labCap);
}

async function labCap(options: LabCapOptions): Promise<void> {
  const acts = await perform(options);
  if (options.json) printJson({ acts: acts.map((act) => ({ ...act, verdict: judgeAct(act) })) });
  else process.stdout.write(`\n${describeCap(acts)}\n`);
  process.exitCode = hasKeptPromises(acts) ? 0 : 1;
}

function perform({ state: path, seconds, clients }: LabCapOptions): Promise<CapAct[]> {
  const { state, run } = requireRun(path);
  const database = new DatabaseControl(ControlClient.ofRun(path));
  return withHealing(async (mendLater) => {
    const { synchronous: former } = await database.require();
    mendLater(() => database.setSynchronous(former));
    const writers = new OrderWriters(run.url, { clients, answerMs, insists: false });
    await writers.open();
    const hasWires = run.processes.some(({ kind }) => kind === 'wires');
    const cutReplicas = hasWires ? cutWires(WiresClient.ofRun(path)) : stopReplicas(state);
    progress(
      hasWires
        ? 'the network to the replicas is cut by wires'
        : 'without wires (`up --wires`) the replicas are stopped, which is to the primary as if they were cut off',
    );
    const acts: CapAct[] = [];
    for (const synchronous of ['flush', 'none'] as const) {
      const report = (text: string): void => progress(`${synchronous}: ${text}`);
      const stage = { state, database, writers, cutReplicas, seconds, mendLater, report };
      acts.push(await performCapAct(stage, synchronous));
    }
    return acts;
  });
}
