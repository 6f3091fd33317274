import type { StateFolder } from '../state-folder.js';
import { asSuperuser } from './roles.js';

interface Look {
  readonly replica: boolean;
  readonly streaming: boolean;
  readonly lagMs: number;
}

const look = `
  SELECT pg_is_in_recovery() AS replica,
    EXISTS (SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming') AS streaming,
    CASE WHEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn() THEN 0
      ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000, 0)
    END::int AS "lagMs"`;

/** What a server of a cluster is right now, as it says itself; undefined when it does not answer. */
export async function serverRole(state: StateFolder, port: number): Promise<string | undefined> {
  try {
    return await asSuperuser(state, port, async (client) => {
      const { rows } = await client.query<Look>(look);
      return rows[0] && describeRole(rows[0]);
    });
  } catch {
    // It is starting, paused or gone, which its state tells.
    return undefined;
  }
}

function describeRole({ replica, streaming, lagMs }: Look): string {
  if (!replica) return 'primary';
  return `replica, ${streaming ? '' : 'not streaming, '}${lagMs} ms behind`;
}
