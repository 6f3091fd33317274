import { status as GrpcStatus } from '@grpc/grpc-js';
import {
  CoordinatorClient,
  RepairReply_Result as WireResult,
  type ReadLogReply,
  type RepairReply,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import type { CallResult, GrpcClients } from '#platform/grpc/grpc-client.js';

/** A record of the transaction log. */
export interface LoggedRecord {
  readonly kind: string;
  readonly detail: string;
  readonly term: number;
  readonly loggedAtMs: number;
}

export interface TransactionLogView {
  /** Empty when the transaction was never heard of. */
  readonly protocol: string;
  readonly records: readonly LoggedRecord[];
}

export type Repaired =
  | { result: 'committed' | 'undone' | 'nothing-to-repair'; detail: string }
  | { result: 'unknown-transaction' | 'unavailable' };

const readLogMs = 1_500;
const repairMs = 10_000;

const resultOfWire = new Map<WireResult, 'committed' | 'undone' | 'nothing-to-repair'>([
  [WireResult.COMMITTED, 'committed'],
  [WireResult.UNDONE, 'undone'],
  [WireResult.NOTHING_TO_REPAIR, 'nothing-to-repair'],
]);

/** All coordinators: which of them is the active one, they alone know. */
export class Coordinators {
  private readonly coordinators: readonly CoordinatorClient[];

  constructor(
    private readonly clients: GrpcClients,
    addresses: readonly string[],
  ) {
    this.coordinators = addresses.map((address) => clients.connect(CoordinatorClient, [address]));
  }

  /** The log is in a database that all of them read, so the first answer counts; undefined without one. */
  async readLog(gid: string): Promise<TransactionLogView | undefined> {
    const answers = this.coordinators.map(async (client) => {
      const method = client.readLog.bind(client);
      const result = await this.clients.call('Coordinator/ReadLog', method, { gid }, Date.now() + readLogMs);
      if (result.outcome !== 'success') throw new Error(result.outcome);
      return toView(result.reply);
    });
    return Promise.any(answers).catch(() => undefined);
  }

  /** Asks one after the other: the one that is not active refuses. */
  async repair(gid: string): Promise<Repaired> {
    for (const client of this.coordinators) {
      const method = client.repair.bind(client);
      const repaired = toRepaired(
        await this.clients.call('Coordinator/Repair', method, { gid }, Date.now() + repairMs),
      );
      if (repaired.result !== 'unavailable') return repaired;
    }
    return { result: 'unavailable' };
  }

  close(): void {
    for (const client of this.coordinators) client.close();
  }
}

function toView({ protocol, records }: ReadLogReply): TransactionLogView {
  return {
    protocol,
    records: records.map(({ kind, detail, term, loggedAtMs }) => ({ kind, detail, term, loggedAtMs })),
  };
}

function toRepaired(answer: CallResult<RepairReply>): Repaired {
  if (answer.outcome === 'success') {
    const { result: wire, detail } = answer.reply;
    const result = resultOfWire.get(wire);
    return result === undefined ? { result: 'unavailable' } : { result, detail };
  }
  const unknown = answer.outcome === 'failure' && answer.error.code === GrpcStatus.NOT_FOUND;
  return { result: unknown ? 'unknown-transaction' : 'unavailable' };
}
