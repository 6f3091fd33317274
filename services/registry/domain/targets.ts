import type { Topology } from '#platform/config/process-config.js';
import { hasFailpoints } from '#platform/faults/fault.js';

/** A process in which faults can act. */
export interface Target {
  /** For example inventory-1. */
  readonly name: string;
  readonly service: string;
  readonly grpcAddress: string;
}

/** None where the services share one process: there are no messages between them, and no transaction log. */
export function targetsOf(topology: Topology | undefined): Target[] {
  return (topology?.processes ?? []).flatMap(({ name, service, grpcAddress }) =>
    grpcAddress !== undefined && hasFailpoints(service) ? [{ name, service, grpcAddress }] : [],
  );
}
