import { z } from 'zod';
import type { DatabaseMember } from '#platform/config/process-config.js';
import { parseLsn } from '#platform/postgres/position.js';
import { noSending, type Sending } from '#protocols/failover/cluster.js';
import type { Observation } from '../domain/observation.js';
import type { MemberLink } from './member-link.js';

/** A replica that has not answered for so long is not attached. The lease makes a primary write, so replicas answer. */
const attachedMs = 2_000;

const walFile = `'^[0-9A-F]{24}$'`;

/**
 * All of it in one statement, so that it belongs together. A replica's timeline is the one of the newest file of its log:
 * pg_control tells only that of its latest restart point.
 */
const look = `
  WITH wal AS (
    SELECT max(substr(name, 1, 8)) AS timeline, min(substr(name, 9)) AS oldest
    FROM pg_ls_waldir() WHERE name ~ ${walFile}
  ), self AS (SELECT pg_is_in_recovery() AS recovering)
  SELECT recovering, wal.timeline, wal.oldest,
    CASE WHEN recovering THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
      ELSE pg_current_wal_flush_lsn() END::text AS lsn,
    CASE WHEN recovering THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END::text AS replayed,
    NOT recovering OR pg_last_wal_receive_lsn() IS NOT NULL AS complete,
    pg_size_bytes(current_setting('wal_segment_size'))::int AS "segmentBytes",
    EXISTS (SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming') AS streaming,
    current_setting('primary_conninfo') AS conninfo,
    current_setting('default_transaction_read_only') = 'on' AS "readOnly",
    current_setting('synchronous_standby_names') AS names,
    current_setting('synchronous_commit') = 'remote_apply' AS applies,
    (SELECT setting::int FROM pg_settings WHERE name = 'recovery_min_apply_delay') AS "delayMs",
    (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8 AS "behindMs",
    coalesce((
      SELECT json_agg(json_build_object('name', application_name, 'flushed', flush_lsn::text))
      FROM pg_stat_replication
      WHERE state = 'streaming' AND reply_time > clock_timestamp() - interval '${attachedMs} milliseconds'
    ), '[]') AS attached,
    coalesce((
      SELECT json_agg(slot_name) FROM pg_replication_slots
      WHERE slot_type = 'physical' AND wal_status IS DISTINCT FROM 'lost'
    ), '[]') AS slots,
    CASE WHEN recovering THEN NULL
      ELSE pg_read_file('pg_wal/' || wal.timeline || '.history', 0, 65536, true) END AS history,
    to_regclass('epochs') IS NOT NULL AS "hasEpochs"
  FROM self, wal`;

const lookSchema = z.object({
  recovering: z.boolean(),
  timeline: z.string().nullable(),
  oldest: z.string().nullable(),
  lsn: z.string().nullable(),
  replayed: z.string().nullable(),
  complete: z.boolean(),
  segmentBytes: z.number(),
  streaming: z.boolean(),
  conninfo: z.string(),
  readOnly: z.boolean(),
  names: z.string(),
  applies: z.boolean(),
  delayMs: z.number(),
  behindMs: z.number().nullable(),
  attached: z.array(z.object({ name: z.string(), flushed: z.string().nullable() })),
  slots: z.array(z.string()),
  history: z.string().nullable(),
  hasEpochs: z.boolean(),
});
type Look = z.infer<typeof lookSchema>;

const latestEpoch = `SELECT epoch, began_at_lsn::text AS "beganAtLsn" FROM epochs ORDER BY epoch DESC LIMIT 1`;

export interface Surroundings {
  /** With the addresses at which replicas find each. */
  readonly members: readonly DatabaseMember[];
  readonly slotOf: (member: string) => string;
  readonly nowMs: () => number;
}

/** @throws Error when the member does not answer in time */
export async function observeMember(
  link: MemberLink,
  { members, slotOf, nowMs }: Surroundings,
  timeoutMs: number,
): Promise<Observation> {
  const askedAtMs = nowMs();
  const [row] = await link.ask(look, [], timeoutMs);
  const told = lookSchema.parse(row);
  const epochs = told.hasEpochs
    ? await link.ask<{ epoch: number; beganAtLsn: string }>(latestEpoch, [], timeoutMs)
    : [];
  const { epoch, beganAtLsn } = epochs[0] ?? { epoch: 0, beganAtLsn: '0/0' };
  const { recovering, complete, streaming, readOnly, delayMs } = told;
  return {
    name: link.name,
    askedAtMs,
    recovering,
    timeline: Number.parseInt(told.timeline ?? '0', 16),
    lsn: parseLsn(told.lsn ?? '0/0'),
    replayed: parseLsn(told.replayed ?? '0/0'),
    complete,
    streaming,
    follows: followed(told.conninfo, members),
    epoch,
    beganAtLsn,
    readOnly,
    delayMs,
    behindMs: told.behindMs ?? undefined,
    sending: recovering ? noSending : sendingOf(told, members, slotOf),
  };
}

function sendingOf(told: Look, members: readonly DatabaseMember[], slotOf: Surroundings['slotOf']): Sending {
  const { names, applies, attached, slots, oldest, segmentBytes, history } = told;
  return {
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
    applies,
    attached: attached.map(({ name, flushed }) => ({ name, flushed: parseLsn(flushed ?? '0/0') })),
    keepsFor: members.map(({ name }) => name).filter((name) => slots.includes(slotOf(name))),
    oldest: oldest === null ? 0n : beginningOf(oldest, BigInt(segmentBytes)),
    ends: endsOf(history ?? ''),
  };
}

/** @param file a segment's name without the timeline: two numbers of eight hexadecimal digits */
export function beginningOf(file: string, segmentBytes: bigint): bigint {
  return (BigInt(`0x${file.slice(0, 8)}`) << 32n) + BigInt(`0x${file.slice(8)}`) * segmentBytes;
}

/** Lines of a timeline history file: the timeline, where it ended, and why, separated by tabs. */
export function endsOf(history: string): Sending['ends'] {
  return history
    .split('\n')
    .map((line) => /^(\d+)\t([0-9A-F]+\/[0-9A-F]+)/.exec(line))
    .flatMap((match) =>
      match === null ? [] : [{ timeline: Number(match[1]), lsn: parseLsn(match[2] ?? '0/0') }],
    );
}

function followed(conninfo: string, members: readonly DatabaseMember[]): string | undefined {
  const value = (key: string): string | undefined => new RegExp(`(?:^|\\s)${key}=(\\S+)`).exec(conninfo)?.[1];
  return members.find(({ host, port }) => value('host') === host && value('port') === String(port))?.name;
}
