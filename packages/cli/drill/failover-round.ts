import { Failure } from '../failure.js';
import type { StateFolder } from '../launcher/state-folder.js';
import { waitFor } from '../wait-for.js';
import { watchCompleteness, type ClusterSeen, type DatabaseControl } from './database-control.js';
import type { OrderWriters } from './order-writers.js';
import { breakServer, type Heal, type ServerFault } from './server-fault.js';
import { watchedUntil } from './watched-until.js';
import { longestGap } from './write-gap.js';

export interface FailoverRound {
  readonly round: number;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  /** The longest time without an acknowledged write. */
  readonly gapMs: number;
  /** From the fault until there was another primary. */
  readonly promotedMs: number;
  /** From the end of the fault until every server followed the new primary. */
  readonly rejoinedMs: number;
  readonly acknowledged: number;
  /** Acknowledged, and not there any more. */
  readonly lost: number;
}

export interface Drill {
  readonly state: StateFolder;
  readonly database: DatabaseControl;
  readonly writers: OrderWriters;
  readonly fault: ServerFault;
  readonly mendLater: (heal: Heal) => void;
  readonly report: (text: string) => void;
}

/** Writes before a fault, so that there is something to lose. */
const writesBefore = 20;
const promotionTimeoutMs = 60_000;
const writeTimeoutMs = 60_000;
const rejoinTimeoutMs = 120_000;
const lookPauseMs = 50;

/** Breaks the primary while orders come in, waits until all is whole again, and looks for what was acknowledged. */
export async function performRound(drill: Drill, round: number): Promise<FailoverRound> {
  const { state, database, writers, fault, mendLater, report } = drill;
  const { acknowledged } = writers;
  const first = acknowledged.length;
  report('waiting for all servers');
  const before = await waitUntilComplete(database);
  await watchedUntil(
    'no order was acknowledged before the fault',
    writeTimeoutMs,
    () => acknowledged.length >= first + writesBefore,
  );
  const from = before.primary ?? '';

  report(`${fault} ${from}`);
  const faultAtMs = performance.now();
  const heal = await breakServer(state, from, fault);
  mendLater(heal);
  const after = await watchedUntil('no replica was promoted', promotionTimeoutMs, async () => {
    const seen = await database.look();
    return seen !== undefined && seen.epoch > before.epoch && seen.primary !== null && seen;
  });
  const promotedAtMs = performance.now();
  report(`${after.primary} is the primary, waiting for writes`);
  await watchedUntil(
    'no order was acknowledged after the promotion',
    writeTimeoutMs,
    () => (acknowledged.at(-1)?.atMs ?? 0) > promotedAtMs,
  );
  await heal();

  const healedAtMs = performance.now();
  report(`${from} has to follow`);
  const whole = await waitUntilComplete(database);
  const rejoinedMs = performance.now() - healedAtMs;
  const orders = acknowledged.slice(first);
  report(`looking for ${orders.length} orders`);
  const lost = await writers.findLost(orders);
  const { gapMs } = longestGap(
    orders.map(({ atMs }) => atMs),
    faultAtMs,
  );
  return {
    round,
    from,
    to: whole.primary ?? '',
    epoch: whole.epoch,
    gapMs,
    promotedMs: promotedAtMs - faultAtMs,
    rejoinedMs,
    acknowledged: orders.length,
    lost: lost.length,
  };
}

/** Until every server has its role, and every replica follows. */
export async function waitUntilComplete(database: DatabaseControl): Promise<ClusterSeen> {
  const isComplete = watchCompleteness();
  let last: ClusterSeen | undefined;
  const whole = await waitFor(
    async () => {
      last = (await database.look()) ?? last;
      return last !== undefined && isComplete(last) && last;
    },
    { timeoutMs: rejoinTimeoutMs, intervalMs: lookPauseMs },
  );
  if (whole !== undefined) return whole;
  throw new Failure(
    `The servers did not come together again within ${rejoinTimeoutMs / 1000} s: ${describeCluster(last)}.`,
  );
}

function describeCluster(cluster: ClusterSeen | undefined): string {
  if (cluster === undefined) return 'the supervisor does not answer';
  const { epoch, phase, synchronous, synchronousReplicas, members } = cluster;
  const servers = members.map(({ name, role, lsn }) => `${name} ${role} ${lsn ?? '-'}`).join(', ');
  return `epoch ${epoch}, ${phase}, ${synchronous} with ${synchronousReplicas} synchronous, ${servers}`;
}
