import { InvalidArgumentError, Option, type Command } from 'commander';
import { detectorNames, type DetectorName } from '#protocols/failure-detector/detector.js';

import { performExperiment } from '../lab/heartbeat/heartbeat-experiment.js';
import { heartbeatReport } from '../lab/heartbeat/heartbeat-report.js';
import { jsonOption, printJson, wholeNumber } from '../options.js';

interface HeartbeatOptions {
  readonly pause: readonly number[];
  readonly loss: number;
  readonly detector: DetectorName | 'both';
  readonly rounds: number;
  readonly seed: number;
  readonly json?: true;
}

const longestPauseMs = 60_000;
const mostPauses = 10;
const mostLoss = 90;
const mostRounds = 2_000;
const mostSeed = 1e9;

export function addLabHeartbeat(lab: Command): void {
  lab
    .command('heartbeat')
    .description(
      'judge the failure detectors by one simulated trace: mistakes against the time to notice a death',
    )
    .option(
      '--pause <list>',
      'how long the process stands still, for example 800ms,1500ms',
      readPauses,
      [800, 1_500],
    )
    .option('--loss <percent>', 'how many beats and probes are lost, for example 20%', readPercent, 0)
    .addOption(
      new Option('--detector <name>', 'which to judge').choices([...detectorNames, 'both']).default('both'),
    )
    .option(
      '--rounds <number>',
      'pauses of each length, and deaths of each kind',
      wholeNumber(1, mostRounds),
      100,
    )
    .option('--seed <number>', 'another trace', wholeNumber(0, mostSeed), 1)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nThe cores of the registry run in virtual time, so no shop is needed. A killed process breaks its stream and refuses\n' +
        'probes; a machine that falls silent does neither.\n',
    )
    .action(labHeartbeat);
}

function labHeartbeat({ pause, loss, detector, rounds, seed, json }: HeartbeatOptions): void {
  const detectors = detectorNames.filter((name) => detector === 'both' || name === detector);
  const plan = { detectors, pausesMs: pause, lossShare: loss, rounds, seed };
  const acts = performExperiment(plan);
  if (json) printJson({ ...plan, acts });
  else process.stdout.write(heartbeatReport(plan, acts));
}

/** `800ms,1500ms` or `1.5s`; a number alone is in milliseconds. */
export function readPauses(text: string): number[] {
  const pauses = text.split(',').map((part) => {
    const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(part.trim());
    const ms = match === null ? NaN : Number(match[1]) * (match[2] === 's' ? 1_000 : 1);
    if (!(ms > 0 && ms <= longestPauseMs))
      throw new InvalidArgumentError(`"${part}" is no time from 1ms to 60s, for example 800ms.`);
    return ms;
  });
  if (pauses.length > mostPauses) throw new InvalidArgumentError(`At most ${mostPauses} lengths.`);
  return pauses;
}

/** `20%` or `20`; a share of 0 to 0.9. */
export function readPercent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%?$/.exec(text.trim());
  const percent = match === null ? NaN : Number(match[1]);
  if (!(percent >= 0 && percent <= mostLoss))
    throw new InvalidArgumentError(`It must be 0% to ${mostLoss}%, for example 20%.`);
  return percent / 100;
}
