import type { CommitProtocol } from '../commit/messages.js';
import { voteAndDecide, type VotingState } from '../commit/vote-and-decide.js';

/**
 * Two-phase commit with presumed abort (Gray 1978, section 5.8.3.3; Mohan, Lindsay and Obermarck, "Transaction
 * Management in the R* Distributed Database Management System", TODS 1986).
 *
 * - A yes vote is durable at the participant (PREPARE TRANSACTION).
 * - Phase 1 asks the branches one after the other, in the order in which every transaction has them. A branch that
 *   said yes holds its locks, so two transactions that took the same locks in different orders would wait for each
 *   other until a timeout: the circle is made impossible (Havender, "Avoiding Deadlock in Multitasking Systems",
 *   IBM Systems Journal 1968). Phase 2 takes no locks and asks all at once.
 * - The commit record is forced before any commit is sent: it is the decision.
 * - Begin and end records are not forced, nor is the abort record of a transaction that a branch has refused: without
 *   them nothing can have been committed (presumed abort), and who refused refuses again.
 * - A branch that does not vote within `voteTimeoutMs` counts as a no: the over-cautious abort of 2PC. Nobody else
 *   remembers it, so its record is forced: recovery would vote again, all might say yes, and an abort that is still
 *   under way from before would then undo one branch of a committed transaction.
 * - The decision is sent again for ever. Until it arrives, a branch that voted yes holds its locks.
 */
export type TwoPhaseCommitState = VotingState;

export const twoPhaseCommit: CommitProtocol<TwoPhaseCommitState> = voteAndDecide({
  vote: 'prepare',
  commit: 'commit',
  abort: 'abort',
  votes: 'in-order',
});
