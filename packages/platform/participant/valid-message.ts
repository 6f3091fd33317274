import { Phase as WirePhase, type BranchRequest } from '#generated/tristate/participant/v1/participant.js';
import type { Phase } from '#protocols/commit/messages.js';
import type { BranchAction } from './branch-handler.js';
import { toPhase } from './wire-phase.js';

/** `redo` is no phase of a protocol; it repairs. */
export type ParticipantPhase = Phase | 'redo';

/** A message that says what is to be done. */
export interface ValidMessage {
  readonly phase: ParticipantPhase;
  readonly action: BranchAction | undefined;
}

/** More branches than any order has; a smallint in the fence. */
const mostBranches = 64;
const mostItems = 200;
const largestQuantity = 2 ** 31 - 1;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Decisions read what they need from the books. */
const withoutAction: ReadonlySet<ParticipantPhase> = new Set([
  'confirm',
  'cancel',
  'commit',
  'abort',
  'pre-commit',
  'do-commit',
]);

/** Undefined when the message fails its schema: nothing may be done for it. Written by hand, since every message passes. */
export function validMessage(request: BranchRequest): ValidMessage | undefined {
  const { gid, branch, phase: wire, action: wrapped, term } = request;
  const phase = wire === WirePhase.REDO ? 'redo' : toPhase(wire);
  if (phase === undefined || !uuid.test(gid) || !isIndex(branch, mostBranches)) return undefined;
  if (!isPositive(term, Number.MAX_SAFE_INTEGER)) return undefined;
  const action = wrapped?.action;
  if (action === undefined) return withoutAction.has(phase) ? { phase, action } : undefined;
  return isValidAction(action) ? { phase, action } : undefined;
}

function isValidAction(action: BranchAction): boolean {
  switch (action.$case) {
    case 'debitAccount': {
      const { accountId, amountMinor } = action.debitAccount;
      // What is given away costs nothing.
      return uuid.test(accountId) && isIndex(amountMinor, Number.MAX_SAFE_INTEGER);
    }
    case 'reserveStock': {
      const { items } = action.reserveStock;
      const skus = new Set(items.map(({ sku }) => sku));
      return (
        isPositive(items.length, mostItems) &&
        skus.size === items.length &&
        items.every(
          ({ sku, quantity, priceMinor }) =>
            sku !== '' &&
            isPositive(quantity, largestQuantity) &&
            isIndex(priceMinor, Number.MAX_SAFE_INTEGER),
        )
      );
    }
    case 'confirmOrder':
      return true;
  }
}

function isPositive(value: number, most: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= most;
}

/** From 0 on. */
function isIndex(value: number, end: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < end;
}
