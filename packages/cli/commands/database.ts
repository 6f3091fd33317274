import { setTimeout as delay } from 'node:timers/promises';
import { Argument, type Command } from 'commander';

import { failoverModes, synchronousModes } from '#platform/config/process-config.js';
import { clusterTable } from '../database/cluster-table.js';
import { DatabaseClient } from '../database/database-client.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';

const watchMs = 500;
const clearScreen = '\u001b[2J\u001b[H';

export function addDatabase(program: Command): void {
  const database = program
    .command('database')
    .description('show the database servers: who is the primary, how far the replicas are, what was promoted')
    .option('--watch', 'show it again and again, until interrupted')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(show);
  addFailover(database);
  database
    .command('mode')
    .addArgument(new Argument('<mode>', 'promote a replica by itself, or by command').choices(failoverModes))
    .description('say whether a replica is promoted by itself (hot) or by command (cold)')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async (mode: string, _: unknown, command: Command) => {
      const { state, json } = command.optsWithGlobals<CommonOptions>();
      await DatabaseClient.ofRun(state).setMode(mode);
      if (json) printJson({ mode });
      else process.stdout.write(`Failover is ${mode} now.\n`);
    });
  database
    .command('synchronous')
    .addArgument(
      new Argument('<mode>', 'no replica, one that has it on disk, one that shows it').choices(
        synchronousModes,
      ),
    )
    .description('say what a write waits for before it is acknowledged; returns when it is in force')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async (synchronous: string, _: unknown, command: Command) => {
      const { state, json } = command.optsWithGlobals<CommonOptions>();
      await DatabaseClient.ofRun(state).setSynchronous(synchronous);
      if (json) printJson({ synchronous });
      else process.stdout.write(`Writes wait for ${waitsFor(synchronous)} now.\n`);
    });
}

function addFailover(database: Command): void {
  database
    .command('failover')
    .description('make a replica the primary, although the primary may be well; returns when it takes writes')
    .option('--to <server>', 'the replica; the most advanced when left out')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async ({ to }: { to?: string }, command: Command) => {
      const { state, json } = command.optsWithGlobals<CommonOptions>();
      const result = await DatabaseClient.ofRun(state).failOver(to);
      const { epoch, primary, tookMs } = result;
      if (json) printJson(result);
      else process.stdout.write(`${primary} is the primary of epoch ${epoch}; it took ${tookMs} ms.\n`);
    });
}

async function show({ state, json, watch }: CommonOptions & { readonly watch?: true }): Promise<void> {
  const client = DatabaseClient.ofRun(state);
  for (;;) {
    const cluster = await client.show();
    if (json) printJson(cluster);
    else process.stdout.write(`${watch ? clearScreen : ''}${clusterTable(cluster)}`);
    if (!watch) return;
    await delay(watchMs);
  }
}

function waitsFor(synchronous: string): string {
  if (synchronous === 'none') return 'no replica';
  return synchronous === 'flush' ? 'a replica that has them on disk' : 'a replica that shows them';
}
