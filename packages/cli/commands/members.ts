import { setTimeout as delay } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import type { ListedMembers } from '#platform/membership/listed-members.js';
import { detectorNames, type DetectorName } from '#protocols/failure-detector/detector.js';

import { ControlClient } from '../control-client.js';
import { Failure } from '../failure.js';
import { MembersClient } from '../members/members-client.js';
import { membersTable } from '../members/members-table.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';

interface MembersOptions extends CommonOptions {
  readonly watch?: true;
  readonly detector?: DetectorName;
}

const watchEveryMs = 500;

export function addMembers(program: Command): void {
  program
    .command('members')
    .description('show which processes live, as the registry knows it from their heartbeats')
    .option('--watch', 'show it again and again until Ctrl-C')
    .addOption(
      new Option('--detector <name>', 'first let this failure detector decide').choices(detectorNames),
    )
    .addOption(stateOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nφ is the suspicion of the phi-accrual detector, `missed` the beats that the periodic one misses; the one that decides\n' +
        'stands above the table. A suspect is probed and gets requests still; a dead one gets none. With --watch --json each\n' +
        'view is one line.\n',
    )
    .action(members);
}

async function members({ state, json, watch, detector }: MembersOptions): Promise<void> {
  const client = new MembersClient(ControlClient.ofRun(state));
  const first = detector === undefined ? await client.list() : await client.switchDetector(detector);
  if (watch !== true) {
    if (json) printJson(first);
    else process.stdout.write(membersTable(first));
    return;
  }
  for (;;) {
    const view = await look(client);
    if (json) process.stdout.write(`${JSON.stringify(view)}\n`);
    else show(typeof view === 'string' ? `${view}\n` : membersTable(view));
    await delay(watchEveryMs);
  }
}

/** A registry that is away is something to be seen, and no reason to stop watching. */
async function look(client: MembersClient): Promise<ListedMembers | string> {
  try {
    return await client.list();
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

/** In place of what was shown before, on a terminal. */
function show(text: string): void {
  const clear = process.stdout.isTTY ? '\u001b[H\u001b[J' : '';
  process.stdout.write(`${clear}${text}`);
}
