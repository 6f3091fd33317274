import { timings } from '#protocols/failover/cluster.js';
import type { ClockReading, LeaseContent, LeaseHolder } from '../domain/lease-keeper.js';
import type { MemberLink } from './member-link.js';

/** A renewal that takes longer is tried again, several times within a lease. */
const timeoutMs = 800;

const renewal = `
  INSERT INTO lease AS held (epoch, primary_name, expires_at, renewed_at, synchronous, synchronous_replicas)
  VALUES ($1, $2, $3::timestamptz + $6 * interval '1 millisecond', clock_timestamp(), $4, $5)
  ON CONFLICT (one) DO UPDATE
  SET epoch = excluded.epoch, primary_name = excluded.primary_name, expires_at = excluded.expires_at,
    renewed_at = excluded.renewed_at, synchronous = excluded.synchronous,
    synchronous_replicas = excluded.synchronous_replicas
  WHERE held.epoch <= excluded.epoch
  RETURNING clock_timestamp()::text AS clock`;

/** The lease on one member: a row in its own table, which ends at a time of its own clock. */
export class MemberLease implements LeaseHolder {
  constructor(
    private readonly link: MemberLink,
    private readonly nowMs: () => number,
    private readonly patience: number,
  ) {}

  get name(): string {
    return this.link.name;
  }

  readClock(): Promise<ClockReading> {
    return this.read('SELECT clock_timestamp()::text AS clock', []);
  }

  renew(
    reading: ClockReading,
    { epoch, synchronous, synchronousReplicas }: LeaseContent,
  ): Promise<ClockReading> {
    const leaseMs = timings.leaseMs * this.patience;
    const values = [epoch, this.name, reading.clock, synchronous, synchronousReplicas, leaseMs];
    return this.read(renewal, values);
  }

  private async read(text: string, values: readonly unknown[]): Promise<ClockReading> {
    const askedAtMs = this.nowMs();
    const [row] = await this.link.ask<{ clock: string }>(text, values, timeoutMs * this.patience);
    if (row === undefined) throw new Error(`${this.name} has a lease of a later epoch`);
    return { clock: row.clock, askedAtMs, readAtMs: this.nowMs() };
  }
}
