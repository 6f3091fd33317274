import type { Command } from 'commander';
import { z } from 'zod';

import { faultLimits } from '#platform/faults/fault.js';
import { actionsAt, failpoints, faultActions, isFailpoint } from '#protocols/commit/failpoints.js';
import { ControlClient } from '../control-client.js';
import { DatabaseClient } from '../database/database-client.js';
import { lagLine, refuseOptionsOfFailpoints, replicaLagFault } from '../database/replica-lag.js';
import { Failure } from '../failure.js';
import { closest } from '../launcher/topology.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';

/** A replica that lags breaks nothing, so its time may be left out. */
const lagTtlSeconds = 60;

interface AddOptions extends CommonOptions {
  readonly ttl?: number;
  readonly ms?: number;
  readonly process?: string;
  readonly duration?: number;
  readonly percent?: number;
  readonly nth?: number;
  readonly times?: number;
  readonly correlation?: string;
}

const faultSchema = z.object({
  id: z.string(),
  point: z.string(),
  action: z.string(),
  processes: z.array(z.string()),
  leftMs: z.number(),
  percent: z.number(),
  nth: z.number(),
  times: z.number().optional(),
  durationMs: z.number().optional(),
  correlationId: z.string().optional(),
  acted: z.number(),
});
type FaultView = z.infer<typeof faultSchema>;

const addedSchema = faultSchema.extend({ unreached: z.array(z.string()) });
const listSchema = z.object({
  faults: z.array(faultSchema),
  ended: z.array(faultSchema.extend({ ended: z.string() })),
});
const removedSchema = z.object({ removed: z.number() });

const msPerSecond = 1_000;
const longestLagMs = 600_000;
const mostEndedShown = 5;

export function addFault(program: Command): void {
  const fault = program
    .command('fault')
    .description('break the running shop on purpose, for a while; every fault ends by itself');
  fault
    .command('points')
    .argument('[filter]', 'show only points whose name contains this, for example prepare')
    .description('list the named places at which a fault can act, and what can happen there')
    .addOption(jsonOption())
    .action(listPoints);
  addAdd(fault);
  fault
    .command('list')
    .description('list the faults that are in force, and the latest that have ended')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(list);
  fault
    .command('clear')
    .argument('[id]', 'of one fault; all when left out')
    .description('take a fault back before its time is up')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(clear);
}

function addAdd(fault: Command): void {
  const count = wholeNumber(1, faultLimits.highestCount);
  const seconds = wholeNumber(
    faultLimits.shortestTtlMs / msPerSecond,
    faultLimits.longestTtlMs / msPerSecond,
  );
  const durationMs = wholeNumber(faultLimits.shortestDurationMs, faultLimits.longestDurationMs);
  fault
    .command('add')
    .argument('<point>', `a failpoint; \`fault points\` lists them; or ${replicaLagFault}`)
    .argument('[action]', `at a failpoint: ${faultActions.join(', ')}`)
    .description('add a fault; a crash acts once, everything else as often as the point is reached')
    .option('--ttl <seconds>', `when it ends by itself; ${lagTtlSeconds} for ${replicaLagFault}`, seconds)
    .option('--process <name>', 'a process, or a service for all its copies; all when left out')
    .option('--ms <number>', `how far a replica lags, with ${replicaLagFault}`, wholeNumber(1, longestLagMs))
    .option('--duration <ms>', 'how long a delay or a pause takes', durationMs)
    .option('--percent <number>', 'in how many of a hundred cases it acts', wholeNumber(1, 100))
    .option('--nth <number>', 'from the nth time on that a process reaches the point', count)
    .option('--times <number>', 'how often it acts at most', count)
    .option('--correlation <id>', 'only for the request with this X-Correlation-Id')
    .addOption(stateOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  npx tristate fault add coordinator.decision.after-log crash --ttl 30\n' +
        '  npx tristate fault add inventory.prepare.before-reply drop-reply --ttl 60 --percent 10\n' +
        '  npx tristate fault add replica-lag --ms 3000 --ttl 60 --process postgres-3\n' +
        '  npx tristate fault add account.commit.before-log pause --ttl 20 --duration 6000 --nth 3 --times 1',
    )
    .action(add);
}

function listPoints(filter: string | undefined, { json }: Pick<CommonOptions, 'json'>): void {
  const points = failpoints
    .filter((point) => point.includes(filter ?? ''))
    .map((point) => ({ point, actions: actionsAt(point) }));
  if (points.length === 0) throw new Failure(`No failpoint has ${filter} in its name.`);
  if (json) return printJson({ points });
  const width = Math.max(...points.map(({ point }) => point.length));
  const lines = points.map(({ point, actions }) => `${point.padEnd(width)}  ${actions.join(', ')}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function add(
  point: string,
  action: string | undefined,
  options: AddOptions,
  command: Command,
): Promise<void> {
  if (point === replicaLagFault) return addLag(action, options);
  if (options.ttl === undefined) command.error('error: say with --ttl when the fault ends by itself');
  if (options.ms !== undefined) throw new Failure(`--ms goes with ${replicaLagFault}.`);
  if (action === undefined) throw new Failure(`Say what is to happen there: ${faultActions.join(', ')}.`);
  refuseMistyped(point, action);
  const body = {
    point,
    action,
    ttlMs: options.ttl * msPerSecond,
    process: options.process,
    durationMs: options.duration,
    percent: options.percent,
    nth: options.nth,
    times: options.times,
    correlationId: options.correlation,
  };
  const added = await ControlClient.ofRun(options.state).ask(
    { method: 'POST', path: '/control/faults', body },
    addedSchema,
    'The fault could not be added',
  );
  if (options.json) return printJson(added);
  process.stdout.write(`${line(added)}\n`);
  if (added.unreached.length > 0)
    process.stdout.write(
      `! ${added.unreached.join(', ')} did not answer; it acts there when they do, if its time is not up\n`,
    );
}

async function addLag(action: string | undefined, options: AddOptions): Promise<void> {
  const { state, json, ms, ttl = lagTtlSeconds, process: member } = options;
  if (action !== undefined) throw new Failure(`${replicaLagFault} takes no action.`);
  if (ms === undefined) throw new Failure(`Say with --ms how far the replica is to lag.`);
  refuseOptionsOfFailpoints({ ...options });
  const database = DatabaseClient.ofRun(state);
  await database.show();
  const lag = await database.addLag(member, ms, ttl * msPerSecond);
  if (json) printJson(lag);
  else process.stdout.write(`${lagLine(lag)}\n`);
}

/** The shop refuses it as well; here it can be said what was probably meant. */
function refuseMistyped(point: string, action: string): void {
  if (!isFailpoint(point)) {
    const near = closest(point, failpoints);
    const meant = near === undefined ? '`npx tristate fault points` lists them.' : `Did you mean ${near}?`;
    throw new Failure(`There is no failpoint ${point}. ${meant}`);
  }
  const possible: readonly string[] = actionsAt(point);
  if (possible.includes(action)) return;
  const near = closest(action, possible);
  const meant = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new Failure(`At ${point} there can be ${possible.join(', ')}, but not ${action}.${meant}`);
}

async function list(options: CommonOptions): Promise<void> {
  const { faults, ended } = await ControlClient.ofRun(options.state).ask(
    { method: 'GET', path: '/control/faults' },
    listSchema,
    'The faults could not be listed',
  );
  const lags = (await DatabaseClient.ofRun(options.state).find())?.lags ?? [];
  if (options.json) return printJson({ faults, lags, ended });
  const lines = [...faults.map(line), ...lags.map(lagLine)];
  if (lines.length === 0) lines.push('No fault is in force.');
  if (ended.length > 0) lines.push('', 'Ended:');
  for (const fault of ended.slice(0, mostEndedShown))
    lines.push(`${fault.id}  ${fault.point}  ${fault.action}  ${fault.ended}, acted ${fault.acted}×`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function clear(id: string | undefined, { state, json }: CommonOptions): Promise<void> {
  const removed = id === undefined ? await clearAll(state) : await clearOne(id, state);
  if (json) printJson({ removed });
  else process.stdout.write(`Faults taken back: ${removed}.\n`);
}

async function clearAll(state: string): Promise<number> {
  const call = { method: 'DELETE', path: '/control/faults' } as const;
  const { removed } = await ControlClient.ofRun(state).ask(call, removedSchema, 'No fault was taken back');
  const database = DatabaseClient.ofRun(state);
  return removed + ((await database.find()) === undefined ? 0 : await database.clearLags());
}

async function clearOne(id: string, state: string): Promise<number> {
  const database = DatabaseClient.ofRun(state);
  const isLag = (await database.find())?.lags.some((lag) => lag.id === id) === true;
  if (isLag) await database.clearLag(id);
  else {
    const call = { method: 'DELETE', path: `/control/faults/${encodeURIComponent(id)}` } as const;
    await ControlClient.ofRun(state).ask(call, z.unknown(), 'No fault was taken back');
  }
  return 1;
}

function line(fault: FaultView): string {
  const { id, point, action, processes, leftMs, durationMs, percent, nth, times, correlationId, acted } =
    fault;
  const parts = [
    id,
    point,
    action,
    `in ${processes.join(', ')}`,
    durationMs === undefined ? '' : `for ${durationMs} ms`,
    percent < 100 ? `in ${percent} %` : '',
    nth > 1 ? `from the ${nth}. time on` : '',
    times === undefined ? '' : `${times}× at most`,
    correlationId === undefined ? '' : `for ${correlationId}`,
    `${Math.ceil(leftMs / msPerSecond)} s left`,
    `acted ${acted}×`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}
