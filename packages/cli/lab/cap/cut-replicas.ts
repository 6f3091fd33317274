import { breakServer, type Heal } from '../../drill/server-fault.js';
import { asSuperuser } from '../../launcher/postgres/roles.js';
import { findLiveRun } from '../../launcher/run-record.js';
import type { StateFolder } from '../../launcher/state-folder.js';
import type { WireState } from '../../launcher/wires/wire.js';
import type { WiresClient } from '../../launcher/wires/wires-client.js';

/** Cuts the replicas off from the primary. @returns what connects them again */
export type CutReplicas = (primary: string, replicas: readonly string[]) => Promise<Heal>;

/** A cut ends by itself also when nobody heals it. */
const longestCutMs = 300_000;

/**
 * Pulls the cables where the shop was started with wires: of the primary to its replicas, and of everybody to these. Before
 * they are whole again, what waits in them is thrown away, which a network loses, too.
 */
export function cutWires(wires: WiresClient): CutReplicas {
  return async (primary, replicas) => {
    const set = async (state: WireState): Promise<void> => {
      await wires.set('replication', primary, state, longestCutMs);
      await Promise.all(replicas.map((name) => wires.isolate(name, state, longestCutMs)));
    };
    await set('cut');
    return async () => {
      await set('refused');
      await wires.openAll();
    };
  };
}

/**
 * Where there are no wires to cut, the replicas are stopped, and the primary's sessions with them are ended: otherwise what
 * the primary went on sending would wait for them in the system's buffers, which no cut network has.
 */
export function stopReplicas(state: StateFolder): CutReplicas {
  return async (primary, replicas) => {
    const heals: Heal[] = [];
    const reconnect = async (): Promise<void> => {
      for (const heal of heals) await heal();
    };
    try {
      for (const name of replicas) heals.push(await breakServer(state, name, 'pause'));
      const port = findLiveRun(state)?.processes.find(({ name }) => name === primary)?.port ?? 0;
      await asSuperuser(state, port, (client) =>
        client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_replication'),
      );
    } catch (error) {
      await reconnect();
      throw error;
    }
    return reconnect;
  };
}
