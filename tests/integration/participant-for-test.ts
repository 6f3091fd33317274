import {
  BranchReply_Result,
  Phase as WirePhase,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import { noFailpoints } from '#platform/faults/failpoints.js';
import type { BranchAction } from '#platform/participant/branch-handler.js';
import { Participant, type ParticipantOptions } from '#platform/participant/participant.js';
import type { ParticipantPhase } from '#platform/participant/valid-message.js';
import { wirePhase } from '#platform/participant/wire-phase.js';
import type { Database } from '#platform/postgres/database.js';
import { Trace } from '#platform/trace/trace.js';
import { debitAccount } from '#services/account/storage/debit-account.js';
import { reserveStock } from '#services/inventory/storage/reserve-stock.js';
import { confirmOrder } from '#services/order/storage/confirm-order.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

/** A participant without branches. */
export function newBareParticipantForTest(
  database: Database,
  options: Partial<ParticipantOptions> = {},
): Participant {
  return new Participant({
    service: undefined,
    database,
    metrics: newMetricsForTest(),
    logger: silent,
    failpoints: noFailpoints,
    trace: new Trace('participant-1'),
    ...options,
  });
}

/** A participant with the shop's real branches. */
export function newParticipantForTest(
  database: Database,
  options: Partial<ParticipantOptions> = {},
): Participant {
  const participant = newBareParticipantForTest(database, options);
  participant.register('debitAccount', debitAccount);
  participant.register(
    'reserveStock',
    reserveStock(() => undefined),
  );
  participant.register('confirmOrder', confirmOrder);
  return participant;
}

export interface Message {
  readonly gid: string;
  readonly action: BranchAction | undefined;
  readonly phase: ParticipantPhase;
  readonly attempt?: number;
  readonly term?: number;
  readonly branch?: number;
}

export function requestOf({ gid, action, phase, attempt = 1, term = 1, branch = 0 }: Message): BranchRequest {
  return {
    gid,
    branch,
    phase: phase === 'redo' ? WirePhase.REDO : wirePhase[phase],
    action: action === undefined ? undefined : { action },
    attempt,
    code: 'aborted-by-test',
    correlationId: '',
    term,
    sender: 'test',
    sentAtUs: 0,
  };
}

/** Sends a message; the answer is `done`, the code of a refusal or of what was turned away, or `silent`. */
export async function ask(participant: Participant, message: Message): Promise<string> {
  const [reply] = await participant.handle(requestOf(message));
  if (reply === undefined) return 'silent';
  return reply.result === BranchReply_Result.DONE ? 'done' : reply.code;
}
