import { createHash } from 'node:crypto';
import { booksPrefix } from '../audit/books-resource.js';
import { pricesPath } from '../catalogue/prices-resource.js';
import type { ServiceName } from '../config/process-config.js';
import { branchPrefix } from '../participant/branch-resource.js';

/** What a callee knows of a caller's key: enough to tell it, not enough to be it. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/**
 * Who may call which gRPC service, or which REST route where services speak that, by the beginning of the path; everything else is refused. Money moves only on
 * the word of the coordinator, or of the service that records orders where there is none, which is also the only one that the coordinator
 * takes transactions from.
 */
const mayCall: readonly (readonly [path: string, callers: readonly ServiceName[]])[] = [
  ['/tristate.participant.v1.Participant/', ['coordinator']],
  ['/tristate.coordinator.v1.Coordinator/Execute', ['order']],
  ['/tristate.coordinator.v1.Coordinator/ReadLog', ['registry']],
  ['/tristate.coordinator.v1.Coordinator/Repair', ['registry']],
  ['/tristate.inventory.v1.Inventory/', ['order']],
  ['/tristate.audit.v1.Audit/', ['registry']],
  [`${branchPrefix}/`, ['order']],
  [pricesPath, ['order']],
  [`${booksPrefix}/`, ['order']],
  ['/tristate.control.v1.Control/', ['registry']],
  // Each may speak for its own service alone, which is for the registry to see to.
  [
    '/tristate.membership.v1.Membership/',
    ['account', 'inventory', 'order', 'coordinator', 'search', 'supervisor', 'monolith'],
  ],
];

/** The services that call this process, each known by the hash of its key. */
export class Callers {
  private readonly byHash: ReadonlyMap<string, ServiceName>;

  constructor(hashes: Readonly<Partial<Record<ServiceName, string>>>) {
    this.byHash = new Map(
      Object.entries(hashes).map(([service, hash]) => [hash, service as ServiceName] as const),
    );
  }

  /** Whose key it is. Looking it up by its hash takes as long for every key. */
  identify(key: string): ServiceName | undefined {
    return this.byHash.get(hashOfKey(key));
  }

  mayCall(caller: ServiceName, path: string): boolean {
    return mayCall.some(([prefix, callers]) => path.startsWith(prefix) && callers.includes(caller));
  }
}
