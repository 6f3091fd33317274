import type { Command } from 'commander';

import { newProgress } from '#bootstrap/progress.mjs';

import { startDetached, startedDetached, tellStarter } from '../launcher/detach.js';
import { Platform, type StartedPlatform } from '../launcher/platform.js';
import { runUntilStopped } from '../launcher/run-until-stopped.js';
import type { StateFolder } from '../launcher/state-folder.js';
import { defaultStage, stageNumbers } from '../launcher/topology.js';
import {
  jsonOption,
  printJson,
  stateArgument,
  stateOption,
  wholeNumber,
  type CommonOptions,
} from '../options.js';
import { chartFolder } from '../repository.js';

export interface UpOptions extends CommonOptions {
  readonly stage: number;
  readonly port: number;
  readonly detach?: true;
  readonly wires?: true;
}

const defaultPort = 8080;

export function addUp(program: Command): void {
  program
    .command('up')
    .description('start the shop on this machine and keep it running')
    .option(
      '--stage <number>',
      `the stage of the architecture: ${stageNumbers(chartFolder).join(', ')} (\`tristate stages\` tells what they are)`,
      wholeNumber(1, 10),
      defaultStage,
    )
    .option(
      '--port <port>',
      'the port of the front door, or of the first copy where clients choose one',
      wholeNumber(1, 65535),
      defaultPort,
    )
    .addOption(stateOption())
    .option('--wires', 'put proxies before the PostgreSQL servers, through which the network can be cut')
    .option('--detach', 'return when all is ready, and leave it running')
    .addOption(jsonOption())
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  if (options.detach) {
    await startDetached(options);
    return;
  }
  const progress = newProgress({
    stream: options.json ? process.stderr : process.stdout,
    onEvent: ({ text }) => tellStarter({ kind: 'line', text }),
  });
  const platform = new Platform({ ...options, stateFolder: options.state, progress });
  await runUntilStopped(platform, progress, (started) => {
    progress.line(`✓ ready after ${progress.elapsed()}`);
    if (options.json) printJson(describeStart(started, platform.state));
    else progress.line(welcome(started, platform.state, startedDetached));
  });
}

function describeStart(started: StartedPlatform, state: StateFolder): unknown {
  const { url, otherUrls, users } = started;
  return {
    url,
    ...(otherUrls.length > 0 && { otherUrls }),
    docs: `${url}/api/docs`,
    users,
    adminTokenFile: state.adminTokenPath,
    stateFolder: state.path,
  };
}

function welcome(
  { url, otherUrls, stageName, users }: StartedPlatform,
  state: StateFolder,
  detached: boolean,
): string {
  const at = stateArgument(state.path);
  const [first] = users;
  const login = JSON.stringify({ owner: first?.owner, password: first?.password });
  const order = '{"items":[{"sku":"\'$SKU\'","quantity":1}]}';
  const json = "-H 'content-type: application/json'";
  const stop = `npx tristate down${at}`;
  return `
The shop (${stageName}) is open.

  ${otherUrls.length === 0 ? 'front door' : 'copies    '}     ${column([url, ...otherUrls])}
  API docs       ${url}/api/docs
  users          ${column(users.map(({ owner, password }) => `${owner} / ${password}`))}
  admin token    in ${state.adminTokenPath}

Place an order:

  TOKEN=$(curl -s ${url}/api/tokens ${json} -d '${login}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
  SKU=$(curl -s '${url}/api/products?pageSize=1' | sed 's/.*"sku":"\\([^"]*\\)".*/\\1/')
  curl -i ${url}/api/orders ${json} -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(date +%s)" \\
    -d '${order}'

or: npx tristate order${at} --count 5, npx tristate status${at}, npx tristate verify${at}

${detached ? `Stop it with: ${stop}` : `Stop it with Ctrl-C here, or elsewhere with: ${stop}`}
`;
}

/** One below the other. */
function column(texts: readonly string[]): string {
  return texts.join(`\n${' '.repeat(17)}`);
}
