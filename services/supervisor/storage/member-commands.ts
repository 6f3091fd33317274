import pg from 'pg';
import type { DatabaseMember } from '#platform/config/process-config.js';
import { formatLsn } from '#platform/postgres/position.js';
import {
  clusterDatabase,
  primaryConninfo,
  slotOf,
  supervisorRole,
} from '#platform/postgres/replication-names.js';
import { assertNever } from '#protocols/assert.js';
import type { Action } from '#protocols/failover/cluster.js';
import type { MemberLink } from './member-link.js';
import { endsOf } from './observe-member.js';

const timeoutMs = 3_000;

const tables = [
  `CREATE TABLE IF NOT EXISTS lease (
     one boolean PRIMARY KEY DEFAULT true CHECK (one),
     epoch int NOT NULL,
     primary_name text NOT NULL,
     expires_at timestamptz NOT NULL,
     renewed_at timestamptz NOT NULL,
     synchronous text NOT NULL,
     synchronous_replicas int NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS epochs (
     epoch int PRIMARY KEY,
     primary_name text NOT NULL,
     began_at_lsn pg_lsn NOT NULL,
     began_at timestamptz NOT NULL)`,
  'GRANT SELECT ON lease, epochs TO PUBLIC',
];

/** What the supervisor has a member do. Each can be repeated. */
export class MemberCommands {
  /** @param members with the addresses at which replicas find each */
  constructor(private readonly members: readonly DatabaseMember[]) {}

  async execute(link: MemberLink, action: Action): Promise<void> {
    switch (action.type) {
      case 'promote':
        return promote(link, action.epoch, action.timeline);
      case 'open':
        return this.open(link, action.epoch);
      case 'synchronize':
        return synchronize(link, action.names, action.applies);
      case 'follow':
        return this.follow(link, action.primary);
      case 'fence':
        return fence(link);
      default:
        assertNever(action);
    }
  }

  /** A replica shows only what was committed so long ago. */
  async delay(link: MemberLink, delayMs: number): Promise<void> {
    await alter(link, [`recovery_min_apply_delay = ${delayMs}`]);
  }

  private async open(link: MemberLink, epoch: number): Promise<void> {
    await alter(link, ['default_transaction_read_only = off']);
    for (const { name } of this.members.filter((member) => member.name !== link.name))
      await keepLogFor(link, slotOf(name));
    const beganAt = epoch === 1 ? '0/0' : await beginning(link);
    const statements = [
      ...tables,
      // Unlike a table, this can be read from every database of a server: a read learns with its rows of which epoch they are.
      `COMMENT ON DATABASE ${clusterDatabase} IS '${epoch}'`,
      `INSERT INTO epochs VALUES (${epoch}, ${pg.escapeLiteral(link.name)}, ${pg.escapeLiteral(beganAt)}, clock_timestamp())
       ON CONFLICT (epoch) DO NOTHING`,
    ];
    // As one transaction: a disk that is busy with the promotion is waited for once.
    await link.ask(statements.join(';\n'), [], timeoutMs);
  }

  private async follow(link: MemberLink, primary: string): Promise<void> {
    const address = this.members.find(({ name }) => name === primary);
    if (address === undefined) throw new Error(`${primary} is no member`);
    await alter(link, [
      `primary_conninfo = '${primaryConninfo(link.name, address)}'`,
      `primary_slot_name = '${slotOf(link.name)}'`,
    ]);
  }
}

/**
 * PostgreSQL gives a new timeline the first number for which it finds no history file. Of the epochs that this replica has
 * not joined it has none, so they are put there: empty, which PostgreSQL takes for timelines that are not its own's.
 */
async function promote(link: MemberLink, epoch: number, timeline: number): Promise<void> {
  const [row] = await link.ask<{ folder: string }>(
    "SELECT current_setting('data_directory') AS folder",
    [],
    timeoutMs,
  );
  for (let skipped = timeline + 1; skipped < epoch; skipped += 1) {
    const file = `pg_wal/${skipped.toString(16).toUpperCase().padStart(8, '0')}.history`;
    const [found] = await link.ask<{ size: string | null }>(
      'SELECT (pg_stat_file($1, true)).size',
      [file],
      timeoutMs,
    );
    if (found !== undefined && found.size !== null) continue;
    const path = pg.escapeLiteral(`${row?.folder ?? ''}/${file}`);
    await link.ask(`COPY (SELECT '# not joined') TO ${path}`, [], timeoutMs);
  }
  await link.ask('SELECT pg_promote(false)', [], timeoutMs);
}

/** ALTER SYSTEM takes no parameters; what stands here are names of members, which the configuration has checked. */
async function alter(link: MemberLink, settings: readonly string[]): Promise<void> {
  for (const setting of settings) await link.ask(`ALTER SYSTEM SET ${setting}`, [], timeoutMs);
  await link.ask('SELECT pg_reload_conf()', [], timeoutMs);
}

async function synchronize(link: MemberLink, names: readonly string[], applies: boolean): Promise<void> {
  const list = names.map((name) => `"${name}"`).join(', ');
  await alter(link, [
    `synchronous_standby_names = '${names.length === 0 ? '' : `ANY 1 (${list})`}'`,
    `synchronous_commit = ${applies ? 'remote_apply' : 'on'}`,
  ]);
}

/** Replicas may still fetch what they have not received. */
async function fence(link: MemberLink): Promise<void> {
  await alter(link, ['default_transaction_read_only = on']);
  await link.ask(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND usename <> $1`,
    [supervisorRole],
    timeoutMs,
  );
}

async function keepLogFor(link: MemberLink, slot: string): Promise<void> {
  await link.ask(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
     WHERE slot_name = $1 AND wal_status = 'lost' AND NOT active`,
    [slot],
    timeoutMs,
  );
  await link.ask(
    `SELECT pg_create_physical_replication_slot($1, true)
     WHERE NOT EXISTS (SELECT 1 FROM pg_replication_slots WHERE slot_name = $1)`,
    [slot],
    timeoutMs,
  );
}

/** Where its timeline left the one before. */
async function beginning(link: MemberLink): Promise<string> {
  const [row] = await link.ask<{ history: string | null; lsn: string }>(
    `SELECT pg_current_wal_flush_lsn()::text AS lsn,
       pg_read_file('pg_wal/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '.history',
         0, 65536, true) AS history`,
    [],
    timeoutMs,
  );
  const end = endsOf(row?.history ?? '').at(-1);
  return end === undefined ? (row?.lsn ?? '0/0') : formatLsn(end.lsn);
}
