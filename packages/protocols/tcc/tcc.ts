import type { CommitProtocol } from '../commit/messages.js';
import { voteAndDecide, type VotingState } from '../commit/vote-and-decide.js';

/**
 * TCC: try, confirm, cancel (Pardon and Pautasso, "Towards Distributed Atomic Transactions over RESTful Services",
 * 2011). It is two-phase commit at the level of the application: a yes vote is a reservation, an ordinary row, which
 * keeps no lock. Helland, "Life beyond Distributed Transactions: an Apostate's Opinion", CIDR 2007, calls the same
 * three messages tentative operation, confirmation and cancellation, and reserving the management of uncertainty.
 *
 * - Try reserves what confirm will need, and commits; from then on confirm cannot be refused.
 * - Nobody waits for a reservation (the next order takes from what is left), so there is no circle of waiting to
 *   avoid, and all are tried at once.
 * - The decision is forced before any confirm is sent, as in 2PC.
 * - Cancel goes to every branch but the one that has refused, also to one whose try may never have arrived: it
 *   remembers the cancel and refuses the late try.
 * - Begin, end and the abort record after a refusal are not forced, the abort record of a missing vote is, for the
 *   reasons that two-phase-commit.ts gives.
 * - Confirm and cancel are repeated for ever. Until one arrives, the reservation keeps goods from others: TCC blocks
 *   nobody's statements, but what is reserved is not for sale.
 */
export const tcc: CommitProtocol<VotingState> = voteAndDecide({
  vote: 'try',
  commit: 'confirm',
  abort: 'cancel',
  votes: 'all-at-once',
});
