import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { CommitProtocol } from '#protocols/commit/messages.js';
import { Coordinator } from './coordinator.js';
import { OrderDesk } from './order-desk.js';
import { ParticipantDatabase } from './participant-database.js';
import { ParticipantProcess } from './participant-process.js';
import { SharedLog } from './shared-log.js';

/** What a shop is built from; the tests of the simulation put a known bug into one of the parts. */
export interface ShopParts {
  readonly core: (protocol: CommitProtocolName) => CommitProtocol<unknown>;
  readonly Database: typeof ParticipantDatabase;
  readonly Process: typeof ParticipantProcess;
  readonly Log: typeof SharedLog;
  readonly Coordinator: typeof Coordinator;
  readonly Desk: typeof OrderDesk;
}

export const rightParts: ShopParts = {
  core: (protocol) => commitProtocols[protocol],
  Database: ParticipantDatabase,
  Process: ParticipantProcess,
  Log: SharedLog,
  Coordinator,
  Desk: OrderDesk,
};
