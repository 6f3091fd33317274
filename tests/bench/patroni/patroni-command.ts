import { Option, type Command } from 'commander';
import { longestGap } from '#cli/drill/write-gap.js';
import { Failure } from '#cli/failure.js';
import { jsonOption, printJson, wholeNumber } from '#cli/options.js';
import { waitFor } from '#cli/wait-for.js';
import { newProgress } from '#bootstrap/progress.mjs';
import { requirePatroni } from '../find-tools.js';
import { describeMachine } from '../report/machine.js';
import { saveResult } from '../report/results-folder.js';
import { renderTable } from '#cli/text-table.js';
import { PatroniCluster, type PatroniPrograms, type PatroniSettings } from './patroni-cluster.js';
import { PrimaryWriter } from './primary-writer.js';

const faults = ['kill', 'pause'] as const;
type Fault = (typeof faults)[number];

/** What Patroni does when nobody says anything, and the shortest times that its documentation allows. */
const profiles = {
  default: { ttl: 30, loop_wait: 10, retry_timeout: 10 },
  shortest: { ttl: 20, loop_wait: 1, retry_timeout: 3 },
} as const;
type Profile = keyof typeof profiles;

interface PatroniOptions {
  readonly profile: Profile;
  readonly rounds: number;
  readonly synchronous?: true;
  readonly json?: true;
}

interface Round {
  readonly fault: Fault;
  readonly gapMs: number;
  /** From the end of the fault until the old primary streams again. */
  readonly rejoinMs: number;
  readonly lost: number;
  readonly acknowledged: number;
}

const mostRounds = 50;
const recoverTimeoutMs = 180_000;
/** Writes before a fault, so that there is something to lose. */
const writesBefore = 200;

export function addPatroniBench(program: Command): void {
  program
    .command('patroni')
    .description('what the failover drill shows, of Patroni: its write gap and what it loses')
    .addOption(
      new Option('--profile <name>', 'which settings: its own, or the shortest that it allows')
        .choices(Object.keys(profiles))
        .default('default'),
    )
    .option('--rounds <number>', 'of each fault', wholeNumber(1, mostRounds), 4)
    .option('--synchronous', 'with synchronous_mode, which is off by default')
    .addOption(jsonOption())
    .action(measurePatroni);
}

async function measurePatroni({ profile, rounds, synchronous, json }: PatroniOptions): Promise<void> {
  const programs = requirePatroni();
  const settings = { ...profiles[profile], synchronous_mode: synchronous === true };
  const machine = describeMachine({ patroni: programs.patroni, etcd: programs.etcd });
  const measured = await measure(programs, settings, rounds);
  const result = { machine, settings, rounds: measured };
  saveResult(`patroni-${profile}${synchronous ? '-synchronous' : ''}`, result);
  if (json) return printJson(result);
  const rows = measured.map(({ fault, gapMs, rejoinMs, lost, acknowledged }) => [
    fault,
    ...[gapMs, rejoinMs, lost, acknowledged].map((value) => String(Math.round(value))),
  ]);
  const header = ['fault', 'write gap ms', 're-joined after ms', 'lost', 'acknowledged'];
  process.stdout.write(`${renderTable(header, rows)}\n`);
}

async function measure(
  programs: PatroniPrograms,
  settings: PatroniSettings,
  rounds: number,
): Promise<Round[]> {
  const progress = newProgress({ stream: process.stderr });
  const cluster = new PatroniCluster(programs, settings);
  const interrupted = (): void => void cluster.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const measured: Round[] = [];
  const writer = new PrimaryWriter(
    () => cluster.addresses,
    (port) => cluster.connect(port),
  );
  try {
    await progress.step('Patroni, three members and etcd', () => cluster.start());
    await writer.open();
    for (const fault of faults) {
      for (let round = 1; round <= rounds; round++) {
        const title = `${fault} ${round} of ${rounds}`;
        measured.push(await progress.step(title, () => measureRound(cluster, writer, fault)));
      }
    }
  } finally {
    await writer.close();
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    await cluster.stop();
  }
  return measured;
}

async function measureRound(cluster: PatroniCluster, writer: PrimaryWriter, fault: Fault): Promise<Round> {
  const first = writer.acknowledged.length;
  const lostBefore = await writer.countLost();
  await until('writes', () => writer.acknowledged.length >= first + writesBefore);
  const old = writer.primary;
  if (old === undefined) throw new Error('nothing was written yet');
  const faultAtMs = performance.now();
  cluster[fault](old.name);
  await until('a new primary', () => writer.primary?.name !== old.name);
  const healedAtMs = performance.now();
  cluster.heal(old.name);
  await cluster.waitUntilComplete();
  const acknowledged = writer.acknowledged.slice(first);
  return {
    fault,
    gapMs: longestGap(
      acknowledged.map(({ atMs }) => atMs),
      faultAtMs,
    ).gapMs,
    rejoinMs: performance.now() - healedAtMs,
    lost: (await writer.countLost()) - lostBefore,
    acknowledged: acknowledged.length,
  };
}

async function until(what: string, check: () => boolean): Promise<void> {
  const happened = await waitFor(check, { timeoutMs: recoverTimeoutMs, intervalMs: 10 });
  if (!happened) throw new Failure(`There were no ${what} within ${recoverTimeoutMs / 1000} s.`);
}
