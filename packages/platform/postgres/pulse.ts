import pg from 'pg';
import type { DatabaseMember } from '../config/process-config.js';
import { cancelText } from './long-waits.js';
import { parseLsn } from './position.js';
import { destroySocket } from './server-pool.js';
import type { Sighting } from './sighting.js';

/** A server that does not answer for so long is asked on a new connection. */
const answerTimeoutMs = 2_000;
/**
 * How long a new connection may take: more after each that took longer, since servers that are busy with connections that everybody
 * gives up on would never be done with one.
 */
const connectTimeoutMs = { first: 1_000, most: 8_000 };
const tooManyConnections = '53300';

interface PulseRow {
  in_recovery: boolean;
  lsn: string;
  clock_ms: number;
  epoch: number | null;
  primary_name: string;
  left_ms: number;
  renewed_at_ms: number;
  synchronous: string;
  synchronous_replicas: number;
  began: [number, string][] | null;
}

const pulseText = `
  SELECT pg_is_in_recovery() AS in_recovery,
         (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END)::text AS lsn,
         (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS clock_ms,
         lease.epoch, lease.primary_name, lease.synchronous, lease.synchronous_replicas,
         (extract(epoch FROM lease.expires_at - clock_timestamp()) * 1000)::float8 AS left_ms,
         (extract(epoch FROM lease.renewed_at) * 1000)::float8 AS renewed_at_ms,
         (SELECT json_agg(json_build_array(epoch, began_at_lsn::text)) FROM epochs WHERE epoch > $1) AS began
  FROM (SELECT) AS here LEFT JOIN lease ON true`;

/** Where ended epochs' logs were cut off: the place at which each epoch began. */
export type EpochStarts = readonly (readonly [epoch: number, beganAt: bigint])[];

export interface PulseParts {
  readonly member: DatabaseMember;
  /** To the supervisor's database on this server. */
  readonly connectionString: string;
  readonly applicationName: string;
  /** Of later epochs the starts are asked for. */
  readonly knownEpoch: () => number;
  readonly heard: (sighting: Sighting, starts: EpochStarts) => void;
  /** The connection was lost, or none can be made. `refused`: the server is not there, or takes no connections. */
  readonly lost: (why: 'silent' | 'refused') => void;
}

/** Asks one server again and again what it is. A connection of its own, so that no statement holds it up. */
export class Pulse {
  private client: pg.Client | undefined;
  private askedAtMs: number | undefined;
  private isConnected = false;
  private connectTimeoutMs = connectTimeoutMs.first;
  private closed = false;

  constructor(private readonly parts: PulseParts) {}

  /** Asks, unless an answer is still awaited. */
  beat(): void {
    if (this.closed) return;
    if (this.client === undefined) {
      void this.connect();
      return;
    }
    if (!this.isConnected) return;
    if (this.askedAtMs === undefined) void this.ask(this.client);
    else if (performance.now() - this.askedAtMs > answerTimeoutMs) this.giveUp(this.client, this.askedAtMs);
  }

  close(): void {
    this.closed = true;
    if (this.client !== undefined) destroySocket(this.client);
    this.client = undefined;
  }

  private async connect(): Promise<void> {
    const { connectionString, applicationName } = this.parts;
    const client = new pg.Client({
      connectionString,
      application_name: applicationName,
      connectionTimeoutMillis: this.connectTimeoutMs,
      keepAlive: true,
    });
    this.client = client;
    this.isConnected = false;
    this.askedAtMs = undefined;
    client.on('error', () => this.drop(client, 'silent'));
    client.on('end', () => this.drop(client, 'silent'));
    try {
      await client.connect();
    } catch (error) {
      if (isTimeout(error))
        this.connectTimeoutMs = Math.min(2 * this.connectTimeoutMs, connectTimeoutMs.most);
      this.drop(client, isRefusal(error) ? 'refused' : 'silent');
      return;
    }
    this.connectTimeoutMs = connectTimeoutMs.first;
    if (this.client !== client) return;
    this.isConnected = true;
    await this.ask(client);
  }

  private async ask(client: pg.Client): Promise<void> {
    const sentAtMs = performance.now();
    this.askedAtMs = sentAtMs;
    try {
      const { rows } = await client.query<PulseRow>({
        name: 'pulse',
        text: pulseText,
        values: [this.parts.knownEpoch()],
      });
      if (this.client !== client) return;
      const [row] = rows;
      if (row !== undefined) this.tell(row, sentAtMs);
      if (row?.in_recovery === false && row.epoch !== null && row.synchronous !== 'none')
        await client.query(cancelText);
    } catch (error) {
      if (this.client !== client) return;
      // A server that answers has, for example, no lease yet; one that does not has lost the connection.
      if (error instanceof pg.DatabaseError) this.parts.lost('refused');
      else this.drop(client, 'silent');
    }
    if (this.client === client) this.askedAtMs = undefined;
  }

  /** The answer may have come while this process was held up itself: then it is read before this looks again. */
  private giveUp(client: pg.Client, askedAtMs: number): void {
    setImmediate(() => {
      if (this.askedAtMs === askedAtMs) this.drop(client, 'silent');
    });
  }

  private tell(row: PulseRow, sentAtMs: number): void {
    const { member, heard } = this.parts;
    const lease =
      row.epoch === null
        ? undefined
        : {
            epoch: row.epoch,
            primaryName: row.primary_name,
            leftMs: row.left_ms,
            renewedAtMs: row.renewed_at_ms,
            synchronous: row.synchronous,
            synchronousReplicas: row.synchronous_replicas,
          };
    const { clock_ms: clockMs, in_recovery: inRecovery } = row;
    const starts = (row.began ?? []).map(([epoch, beganAt]) => [epoch, parseLsn(beganAt)] as const);
    heard({ member: member.name, sentAtMs, clockMs, inRecovery, lsn: parseLsn(row.lsn), lease }, starts);
  }

  private drop(client: pg.Client, why: 'silent' | 'refused'): void {
    if (this.client !== client) return;
    this.client = undefined;
    const wasConnected = this.isConnected;
    this.isConnected = false;
    destroySocket(client);
    this.parts.lost(why);
    // Whether it is still there shows at once.
    if (wasConnected) setImmediate(() => this.beat());
  }
}

/** Of one that is full, or silent, nothing is known. */
function isRefusal(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.code !== tooManyConnections;
  return !isTimeout(error);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && /timeout|ETIMEDOUT/.test(error.message);
}
