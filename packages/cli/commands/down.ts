import type { Command } from 'commander';

import { Failure } from '../failure.js';
import { deleteData } from '../launcher/data-folder.js';
import { endLeftOvers, findLeftOvers } from '../launcher/left-overs.js';
import { isAlive, signal } from '../launcher/process-table.js';
import { readRunRecord, type RunRecord } from '../launcher/run-record.js';
import { deleteStateFolder, findStateFolder, type StateFolder } from '../launcher/state-folder.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';
import { waitFor } from '../wait-for.js';

interface DownOptions extends CommonOptions {
  readonly deleteData?: true;
}

/** Longer than the launcher itself takes before it kills what does not stop. */
const launcherStopMs = 20_000;

export function addDown(program: Command): void {
  program
    .command('down')
    .description('stop the shop and leave no process behind; its data stays')
    .addOption(stateOption())
    .option('--delete-data', 'delete its data, logs and secrets too')
    .addOption(jsonOption())
    .action(down);
}

async function down({ state: path, json, deleteData: withData }: DownOptions): Promise<void> {
  const state = findStateFolder(path);
  const outcome = state ? await stopPlatform(state) : { stopped: false, text: `Nothing has run in ${path}.` };
  if (state && withData) {
    deleteData(state);
    deleteStateFolder(state);
  }
  if (json) {
    printJson({ stopped: outcome.stopped, dataDeleted: state !== undefined && withData === true });
  } else {
    process.stdout.write(`${outcome.text}\n`);
    if (state && withData) process.stdout.write('Its data, logs and secrets are deleted.\n');
  }
}

interface Outcome {
  readonly stopped: boolean;
  readonly text: string;
}

async function stopPlatform(state: StateFolder): Promise<Outcome> {
  const record = readRunRecord(state);
  if (record && isAlive(record.launcher)) {
    await stopLauncher(record);
    // A launcher that was killed while it stopped leaves something behind after all.
    await endLeftOvers(state);
    return { stopped: true, text: `The shop at ${record.url} is stopped.` };
  }
  if (record === undefined && findLeftOvers(state).length === 0) {
    return { stopped: false, text: 'Nothing is running.' };
  }
  const ended = await endLeftOvers(state);
  return {
    stopped: ended > 0,
    text: `The launcher was gone; ${ended} processes were left and have been ended.`,
  };
}

async function stopLauncher({ launcher }: RunRecord): Promise<void> {
  signal(launcher, 'SIGTERM');
  const gone = await waitFor(() => !isAlive(launcher), { timeoutMs: launcherStopMs });
  if (gone) return;
  signal(launcher, 'SIGKILL');
  if (!(await waitFor(() => !isAlive(launcher), { timeoutMs: 2_000 }))) {
    throw new Failure(`The launcher (pid ${launcher.pid}) cannot be ended.`);
  }
}
