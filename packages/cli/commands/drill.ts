import { Option, type Command } from 'commander';
import { synchronousModes } from '#platform/config/process-config.js';

import { ControlClient } from '../control-client.js';
import { DatabaseControl, type SynchronousMode } from '../drill/database-control.js';
import {
  describeRound,
  describeSummary,
  hasPassed,
  roundsHeader,
  summarize,
  type DrillResult,
} from '../drill/drill-report.js';
import { clearStatus, showStatus } from '../drill/status-line.js';
import { performRound, type Drill, type FailoverRound } from '../drill/failover-round.js';
import { countReasons, OrderWriters } from '../drill/order-writers.js';
import { requireFault, serverFaults, type ServerFault } from '../drill/server-fault.js';
import { withHealing } from '../drill/with-healing.js';
import { Failure } from '../failure.js';
import { requireRun } from '../launcher/require-run.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';
import { describeLaws } from '../theatre/describe-verdict.js';
import { addDrillRollingRestart } from './drill-rolling-restart.js';
import { judge } from './drill-verdict.js';

interface FailoverOptions extends CommonOptions {
  readonly fault: ServerFault;
  readonly rounds: number;
  readonly synchronous?: SynchronousMode;
  readonly clients: number;
}

const mostRounds = 500;
const mostClients = 64;
/** Short, so that a client who waits for a dead primary does not lengthen the gap by much. */
const answerMs = 1_000;

export function addDrill(program: Command): void {
  const drill = program
    .command('drill')
    .description('exercises on the running shop: what breaks is mended, and what it has cost is shown');
  addDrillRollingRestart(drill);
  drill
    .command('failover')
    .description(
      'break the primary again and again while orders come in; count what was acknowledged and is lost',
    )
    .addOption(
      new Option(
        '--fault <kind>',
        'kill: all its processes die; pause: they stand still; cut: the network to it is cut (needs `up --wires`)',
      )
        .choices(serverFaults)
        .makeOptionMandatory(),
    )
    .option('--rounds <number>', 'how often', wholeNumber(1, mostRounds), 5)
    .addOption(
      new Option(
        '--synchronous <mode>',
        'what a write waits for meanwhile; left as it is without this',
      ).choices(synchronousModes),
    )
    .option('--clients <number>', 'customers who order at once', wholeNumber(1, mostClients), 4)
    .addOption(stateOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit code 1: an acknowledged order was lost although writes are synchronous, a law is broken, or the shop did not\n' +
        'recover. Asynchronously losses are counted and shown.\n',
    )
    .action(drillFailover);
}

async function drillFailover(options: FailoverOptions): Promise<void> {
  const result = await perform(options);
  if (options.json) printJson(result);
  else {
    const laws = result.verdict === undefined ? [] : describeLaws(result.verdict);
    process.stdout.write(`\n${[describeSummary(result), ...laws].join('\n')}\n`);
  }
  process.exitCode = hasPassed(result) ? 0 : 1;
}

function perform(options: FailoverOptions): Promise<DrillResult> {
  const { fault, json } = options;
  const { state, run } = requireRun(options.state);
  requireFault(state, fault);
  const control = ControlClient.ofRun(options.state);
  const database = new DatabaseControl(control);
  const writers = new OrderWriters(run.url, { clients: options.clients, answerMs, insists: true });
  return withHealing(async (mendLater) => {
    const { synchronous: former } = await database.require();
    const { synchronous = former } = options;
    if (synchronous !== former) {
      mendLater(() => database.setSynchronous(former));
      await database.setSynchronous(synchronous);
    }
    await writers.open();
    writers.start();
    const drill = { state, database, writers, fault, mendLater, report: () => undefined };
    const { rounds, failure } = await performRounds(drill, options.rounds, json === true);
    await writers.stop();
    const verdict = await judge(control);
    const notAcknowledged = countReasons(writers.notAcknowledged);
    return { fault, synchronous, rounds, summary: summarize(rounds), notAcknowledged, verdict, failure };
  });
}

/** A round that cannot be ended is the last: what was measured before it is kept. */
async function performRounds(
  drill: Drill,
  count: number,
  json: boolean,
): Promise<{ rounds: FailoverRound[]; failure: string | undefined }> {
  const rounds: FailoverRound[] = [];
  // With --json the output is one document, and the rounds are progress.
  const output = json ? process.stderr : process.stdout;
  output.write(`${roundsHeader}\n`);
  for (let number = 1; number <= count; number++) {
    const report = (text: string): void => showStatus(`round ${number} of ${count}: ${text}`);
    try {
      const round = await performRound({ ...drill, report }, number);
      rounds.push(round);
      clearStatus();
      output.write(`${describeRound(round)}\n`);
    } catch (error) {
      clearStatus();
      if (!(error instanceof Failure)) throw error;
      return { rounds, failure: `Round ${number} did not come to its end: ${error.message}` };
    }
  }
  return { rounds, failure: undefined };
}
