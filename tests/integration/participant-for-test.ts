import { BranchReply_Result, Phase as WirePhase } from '#generated/tristate/participant/v1/participant.js';
import type { BranchAction } from '#platform/participant/branch-handler.js';
import { Participant } from '#platform/participant/participant.js';
import type { Database } from '#platform/postgres/database.js';
import type { Phase } from '#protocols/commit/messages.js';
import { debitAccount } from '#services/account/storage/debit-account.js';
import { reserveStock } from '#services/inventory/storage/reserve-stock.js';
import { confirmOrder } from '#services/order/storage/confirm-order.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

/** A participant with the shop's real branches. */
export function newParticipantForTest(database: Database): Participant {
  const participant = new Participant(database, newMetricsForTest(), silent);
  participant.register('debitAccount', debitAccount);
  participant.register(
    'reserveStock',
    reserveStock(() => undefined),
  );
  participant.register('confirmOrder', confirmOrder);
  return participant;
}

const wirePhase: Record<Phase, WirePhase> = {
  apply: WirePhase.APPLY,
  cancel: WirePhase.CANCEL,
  prepare: WirePhase.PREPARE,
  commit: WirePhase.COMMIT,
  abort: WirePhase.ABORT,
};

interface Message {
  readonly gid: string;
  readonly action: BranchAction;
  readonly phase: Phase;
  readonly attempt?: number;
}

/** Sends a message; the answer is `done`, the code of a refusal, or `silent`. */
export async function ask(participant: Participant, message: Message): Promise<string> {
  const { gid, action, phase, attempt = 1 } = message;
  const reply = await participant.handle({
    gid,
    branch: 0,
    phase: wirePhase[phase],
    action: { action },
    attempt,
    code: 'aborted-by-test',
    correlationId: '',
  });
  if (reply === undefined) return 'silent';
  return reply.result === BranchReply_Result.DONE ? 'done' : reply.code;
}
