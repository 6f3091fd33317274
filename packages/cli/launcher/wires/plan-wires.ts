import { join } from 'node:path';

import { repositoryRoot } from '../../repository.js';
import type { PlannedMember } from '../plan.js';
import { answersOk } from '../readiness.js';
import { stateMarker } from '../services.js';
import type { StateFolder } from '../state-folder.js';
import type { ProcessPlan } from '../supervisor.js';
import type { WireOptions } from './wire.js';

/** Who reaches a server through a wire: services and the supervisor, or the other servers as its replicas. */
export type WireUser = 'clients' | 'replication';

export function wireName(user: WireUser, member: string): string {
  return `${user}->${member}`;
}

export interface PlannedWires {
  readonly state: StateFolder;
  readonly members: readonly PlannedMember[];
  readonly controlPort: number;
}

/** One small process for all wires. It runs only where a platform is started with them: they cost time. */
export function planWires({ state, members, controlPort }: PlannedWires): ProcessPlan {
  const wires = members.flatMap(({ name, port: targetPort, wirePorts }): WireOptions[] =>
    wirePorts === undefined
      ? []
      : (['clients', 'replication'] as const).map((user) => ({
          name: wireName(user, name),
          listenPort: wirePorts[user],
          targetPort,
        })),
  );
  return {
    name: 'wires',
    kind: 'wires',
    port: controlPort,
    command: process.execPath,
    args: ['--max-old-space-size=64', join(repositoryRoot, 'dist/packages/cli/launcher/wires/main.js')],
    environment: {
      PATH: process.env['PATH'] ?? '',
      [stateMarker]: state.id,
      TRISTATE_WIRES: JSON.stringify({ wires, controlPort, adminTokenPath: state.adminTokenPath }),
    },
    workingFolder: state.path,
    stopSignal: 'SIGTERM',
    startAttempts: 1,
    isReady: () => answersOk(controlPort, '/healthz'),
  };
}
