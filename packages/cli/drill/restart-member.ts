import type { ListedMember, ListedMembers } from '#platform/membership/listed-members.js';
import { Failure } from '../failure.js';
import { signal } from '../launcher/process-table.js';
import { answersOk } from '../launcher/readiness.js';
import { findLiveRun, type RunningProcess } from '../launcher/run-record.js';
import type { StateFolder } from '../launcher/state-folder.js';
import type { MembersClient } from '../members/members-client.js';
import { waitFor } from '../wait-for.js';
import { frontDoorFollows } from './front-door-view.js';
import { watchedUntil } from './watched-until.js';

export interface RestartParts {
  readonly state: StateFolder;
  readonly url: string;
  readonly members: MembersClient;
  readonly report: (text: string) => void;
}

/** How long each step of one restart took. */
export interface Restart {
  readonly name: string;
  /** Until nobody sent it anything any more. */
  readonly drainedMs: number;
  /** From the signal until the process had ended. */
  readonly stoppedMs: number;
  /** From its end until its successor was ready. */
  readonly readyMs: number;
  /** From there until it got requests. */
  readonly backMs: number;
  /** From there until the shop was calm: who replaces copies one by one waits for that before the next. */
  readonly calmMs: number;
}

const followTimeoutMs = 10_000;
const emptyTimeoutMs = 3_000;
const stopTimeoutMs = 20_000;
const readyTimeoutMs = 60_000;
const backTimeoutMs = 60_000;
/** A view in which nothing changes for nginx is not taken over by it. */
const backFollowMs = 1_500;
/** A shop that has too much to do anyway is not waited for without end. */
const calmTimeoutMs = 20_000;
const lateEventLoopMs = 50;

/**
 * Replaces one process without a request noticing: it is taken out of traffic, finishes what it has, is asked to end, and is back when
 * its successor is ready. The launcher starts again what ends, which is all that is needed of it.
 */
export async function restartMember(parts: RestartParts, name: string): Promise<Restart> {
  const { state, url, members, report } = parts;
  const before = await members.list();
  const { incarnation } = memberOf(before, name);
  const startedAtMs = performance.now();
  report(`draining ${name}`);
  const version = await members.drain(name);
  if (!(await frontDoorFollows(url, { epoch: before.epoch, version }, followTimeoutMs)))
    throw new Failure(
      `The front door did not take ${name} out of traffic within ${followTimeoutMs / 1000} s.`,
    );
  await waitFor(async () => memberOf(await members.list(), name).inFlight === 0, {
    timeoutMs: emptyTimeoutMs,
  });
  const drainedAtMs = performance.now();

  report(`stopping ${name}`);
  const process = runningProcess(state, name);
  signal(process, 'SIGTERM');
  const successor = await watchedUntil(`${name} did not end`, stopTimeoutMs, () =>
    successorOf(state, process),
  );
  const stoppedAtMs = performance.now();

  report(`starting ${name}`);
  await watchedUntil(`${name} was not ready again`, readyTimeoutMs, () =>
    answersOk(successor.port, '/readyz'),
  );
  const readyAtMs = performance.now();

  report(`waiting for requests to ${name}`);
  const after = await watchedUntil(`${name} did not come back into traffic`, backTimeoutMs, async () => {
    const view = await members.list();
    const member = view.members.find((one) => one.name === name);
    const isBack = member?.state === 'alive' && !member.draining && member.incarnation > incarnation;
    return isBack && view;
  });
  await frontDoorFollows(url, after, backFollowMs);
  const backAtMs = performance.now();

  report(`waiting until ${name} has got going`);
  await waitFor(async () => (await members.list()).members.every(isCalm), { timeoutMs: calmTimeoutMs });
  return {
    name,
    drainedMs: drainedAtMs - startedAtMs,
    stoppedMs: stoppedAtMs - drainedAtMs,
    readyMs: readyAtMs - stoppedAtMs,
    backMs: backAtMs - readyAtMs,
    calmMs: performance.now() - backAtMs,
  };
}

/** A process that has just started is slow until its code is compiled, and the others bear meanwhile what it cannot. */
function isCalm({ slowStartShare, underPressure, eventLoopLagMs }: ListedMember): boolean {
  return slowStartShare === 1 && !underPressure && eventLoopLagMs < lateEventLoopMs;
}

function memberOf({ members }: ListedMembers, name: string): ListedMember {
  const member = members.find((one) => one.name === name);
  if (member === undefined) throw new Failure(`The registry knows no member ${name}.`);
  return member;
}

function runningProcess(state: StateFolder, name: string): RunningProcess {
  const run = findLiveRun(state);
  if (run === undefined)
    throw new Failure('The launcher is gone: nobody would start again what is stopped now.');
  const process = run.processes.find((one) => one.name === name);
  if (process === undefined) throw new Failure(`The process ${name} does not run.`);
  return process;
}

function successorOf(state: StateFolder, { name, pid }: RunningProcess): RunningProcess | false {
  const found = findLiveRun(state)?.processes.find((one) => one.name === name);
  return found !== undefined && found.pid !== pid && found;
}
