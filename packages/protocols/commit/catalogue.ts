import { none } from '../none/none.js';
import { saga } from '../saga/saga.js';
import { tcc } from '../tcc/tcc.js';
import { threePhaseCommit } from '../three-phase-commit/three-phase-commit.js';
import { twoPhaseCommit } from '../two-phase-commit/two-phase-commit.js';
import type { CommitProtocol } from './messages.js';

/** Every commit protocol by the name that an order asks for. */
export const commitProtocols = {
  saga: saga as CommitProtocol<unknown>,
  tcc: tcc as CommitProtocol<unknown>,
  '2pc': twoPhaseCommit as CommitProtocol<unknown>,
  '3pc': threePhaseCommit as CommitProtocol<unknown>,
  none: none as CommitProtocol<unknown>,
} as const;

export type CommitProtocolName = keyof typeof commitProtocols;
