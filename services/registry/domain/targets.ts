import type { Topology } from '#platform/config/process-config.js';
import { isControlled } from '#platform/faults/fault.js';

/** A process in which faults can act, or which can be switched. */
export interface Target {
  /** For example inventory-1. */
  readonly name: string;
  readonly service: string;
  readonly grpcAddress: string;
}

/** None where the services share one process: there are no messages between them, and no transaction log. */
export function targetsOf(topology: Topology | undefined): Target[] {
  return (topology?.processes ?? []).flatMap(({ name, service, grpcAddress }) =>
    grpcAddress !== undefined && isControlled(service) ? [{ name, service, grpcAddress }] : [],
  );
}
