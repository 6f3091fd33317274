import { Option, type Command } from 'commander';
import {
  consistencyLevels,
  readYourWritesStrategies,
  type ConsistencyLevel,
} from '#platform/config/process-config.js';

import { describeReport, reportOf, type ConsistencyReport } from '../consistency/describe-experiment.js';
import { Experiment } from '../consistency/experiment.js';
import { replicaNames, withReplicaLag } from '../consistency/replica-lag.js';
import type { ShopHistory } from '../consistency/shop-history.js';
import { ControlClient } from '../control-client.js';
import { Failure } from '../failure.js';
import { requireRun } from '../launcher/require-run.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';

interface ConsistencyOptions extends CommonOptions {
  readonly level: ConsistencyLevel;
  readonly strategy?: string;
  readonly duration: number;
  readonly reads?: number;
  readonly lagMs: number;
  readonly member?: string;
}

const longestSeconds = 3_600;
const mostReads = 100_000_000;
const longestLagMs = 60_000;

export function addConsistency(program: Command): void {
  program
    .command('consistency')
    .description(
      'write and read at the same time, and judge every read; exit 1 when a level breaks its promise',
    )
    .addOption(
      new Option('--level <name>', 'the consistency level of the reads')
        .choices(consistencyLevels)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--strategy <name>', "of read-your-writes; the platform's default when left out").choices(
        readYourWritesStrategies,
      ),
    )
    .option('--duration <seconds>', 'how long', wholeNumber(1, longestSeconds), 10)
    .option('--reads <number>', 'end earlier, when so many reads were judged', wholeNumber(1, mostReads))
    .option('--lag-ms <ms>', 'make one replica lag for so long, for real', wholeNumber(0, longestLagMs), 0)
    .option('--member <name>', 'which replica lags; one of them when left out')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(consistency);
}

async function consistency(options: ConsistencyOptions): Promise<void> {
  if (options.strategy !== undefined && options.level !== 'read-your-writes')
    throw new Failure('Only read-your-writes has strategies.');
  const report = await performExperiment(options);
  if (options.json) printJson(report);
  else process.stdout.write(`${describeReport(report)}\n`);
  process.exitCode = report.kept ? 0 : 1;
}

async function performExperiment(options: ConsistencyOptions): Promise<ConsistencyReport> {
  const { state, level, strategy, reads = Infinity, lagMs, member } = options;
  const control = ControlClient.ofRun(state);
  const { url } = requireRun(state).run;
  const durationMs = options.duration * 1000;
  const isEnough = ({ judged }: ShopHistory): boolean => judged.count >= reads;
  const plan = { url, level, strategy, durationMs, isEnough, lagMs };
  const perform = async (slowest?: string): Promise<ConsistencyReport> => {
    const replicas = await replicaNames(control);
    const result = await new Experiment({ ...plan, replicas }).run();
    const lag = slowest === undefined ? undefined : { member: slowest, lagMs };
    return reportOf(result, { level, strategy, lag });
  };
  if (lagMs === 0) return perform();
  return withReplicaLag(control, { lagMs, member }, perform);
}
