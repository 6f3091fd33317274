import { setTimeout as delay } from 'node:timers/promises';

import { watchedUntil } from '../../drill/watched-until.js';
import type { DatabaseControl, SynchronousMode } from '../../drill/database-control.js';
import { waitUntilComplete } from '../../drill/failover-round.js';
import { countReasons, type OrderWriters } from '../../drill/order-writers.js';
import { breakServer, type Heal } from '../../drill/server-fault.js';
import type { StateFolder } from '../../launcher/state-folder.js';
import type { CutReplicas } from './cut-replicas.js';

/** What became of the orders in one mode. */
export interface CapAct {
  readonly synchronous: SynchronousMode;
  readonly seconds: number;
  /** Acknowledged while no replica could be reached. */
  readonly accepted: number;
  /** Refused before anything was touched, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Neither: the third state, by code or reason. */
  readonly unknown: Readonly<Record<string, number>>;
  /** From the cut to the first refusal; undefined when nothing was refused. */
  readonly firstRefusalMs: number | undefined;
  /** Of the accepted orders those that the new primary does not have. */
  readonly lost: number;
  /** Of those that were accepted before the cut. */
  readonly lostBefore: number;
  readonly from: string;
  readonly to: string;
}

export interface CapStage {
  readonly state: StateFolder;
  readonly database: DatabaseControl;
  readonly writers: OrderWriters;
  readonly cutReplicas: CutReplicas;
  readonly seconds: number;
  readonly mendLater: (heal: Heal) => void;
  readonly report: (text: string) => void;
}

/** 503 with one of these means that nothing was done. */
const refusals = new Set(['no-synchronous-replica', 'no-primary', 'overloaded', 'too-many-orders']);

const writesBefore = 20;
const writeTimeoutMs = 30_000;
const promotionTimeoutMs = 60_000;

/**
 * Cuts all replicas off while orders come in, then kills the primary while they come back, and looks for the orders on the
 * replica that was promoted.
 */
export async function performCapAct(stage: CapStage, synchronous: SynchronousMode): Promise<CapAct> {
  const { state, database, writers, cutReplicas, seconds, mendLater, report } = stage;
  await database.setSynchronous(synchronous);
  report('waiting for all servers');
  const before = await waitUntilComplete(database);
  const from = before.primary ?? '';
  const first = writers.acknowledged.length;
  writers.start();
  await watchedUntil(
    'no order was acknowledged',
    writeTimeoutMs,
    () => writers.acknowledged.length >= first + writesBefore,
  );

  report('the replicas are cut off');
  const replicas = before.members.map(({ name }) => name).filter((name) => name !== from);
  const reconnect = await cutReplicas(from, replicas);
  mendLater(reconnect);
  const cutAtMs = performance.now();
  writers.forgetNotAcknowledged();
  await delay(seconds * 1_000);
  await writers.stop();
  const notAcknowledged = writers.notAcknowledged;

  report(`${from} dies, and the replicas come back`);
  await breakServer(state, from, 'kill');
  await reconnect();
  await watchedUntil('no replica was promoted', promotionTimeoutMs, async () => {
    const seen = await database.look();
    return seen !== undefined && seen.epoch > before.epoch && seen.primary !== null;
  });
  const after = await waitUntilComplete(database);
  report('looking for the orders');
  const orders = writers.acknowledged.slice(first);
  const lost = await writers.findLost(orders);
  const isAfterCut = ({ atMs }: { atMs: number }): boolean => atMs > cutAtMs;
  const refused = notAcknowledged.filter(({ reason }) => refusals.has(reason));
  const [firstRefused] = refused;
  return {
    synchronous,
    seconds,
    accepted: orders.filter(isAfterCut).length,
    refused: countReasons(refused),
    unknown: countReasons(notAcknowledged.filter(({ reason }) => !refusals.has(reason))),
    firstRefusalMs: firstRefused && firstRefused.atMs - cutAtMs,
    lost: lost.filter(isAfterCut).length,
    lostBefore: lost.filter((order) => !isAfterCut(order)).length,
    from,
    to: after.primary ?? '',
  };
}
