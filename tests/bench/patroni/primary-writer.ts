import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

export interface Address {
  readonly name: string;
  readonly port: number;
}

interface Acknowledged {
  readonly id: number;
  readonly atMs: number;
}

/** Between two writes, and between two looks for a primary. */
const writePauseMs = 5;
const searchPauseMs = 50;

/**
 * One client that inserts row after row on whatever server takes writes, like a driver with several hosts and
 * target_session_attrs=read-write: it stays with its server until an answer fails or takes longer than a second.
 */
export class PrimaryWriter {
  readonly acknowledged: Acknowledged[] = [];
  /** The server of the latest acknowledged write. */
  primary: Address | undefined;
  private nextId = 0;
  private stopped = false;
  private work: Promise<void> | undefined;

  constructor(
    private readonly addresses: () => readonly Address[],
    private readonly connect: (port: number) => Promise<pg.Client>,
  ) {}

  async open(): Promise<void> {
    const { client } = await this.findPrimary();
    await client.query('CREATE TABLE written (id int PRIMARY KEY)');
    await client.end();
    this.work = this.write();
  }

  async close(): Promise<void> {
    this.stopped = true;
    await this.work;
  }

  /** Of the acknowledged writes those that the primary does not know. */
  async countLost(): Promise<number> {
    const ids = this.acknowledged.map(({ id }) => id);
    const { client } = await this.findPrimary();
    try {
      const { rows } = await client.query<{ id: number }>('SELECT id FROM written');
      const known = new Set(rows.map(({ id }) => id));
      return ids.filter((id) => !known.has(id)).length;
    } finally {
      await client.end();
    }
  }

  private async write(): Promise<void> {
    while (!this.stopped) {
      const found = await this.findPrimary().catch(() => undefined);
      if (found === undefined) return;
      const { client, address } = found;
      try {
        while (!this.stopped) {
          const id = this.nextId++;
          await client.query('INSERT INTO written VALUES ($1)', [id]);
          this.acknowledged.push({ id, atMs: performance.now() });
          this.primary = address;
          await delay(writePauseMs);
        }
      } catch {
        // Nobody knows whether it was written: not acknowledged, and not asked for again.
      } finally {
        client.end().catch(() => undefined);
      }
    }
  }

  private async findPrimary(): Promise<{ client: pg.Client; address: Address }> {
    while (!this.stopped) {
      const found = await Promise.all(this.addresses().map((address) => this.tryPrimary(address)));
      const [first, ...others] = found.flatMap((one) => one ?? []);
      for (const { client } of others) client.end().catch(() => undefined);
      if (first !== undefined) return first;
      await delay(searchPauseMs);
    }
    throw new Error('stopped while there was no primary');
  }

  private async tryPrimary(address: Address): Promise<{ client: pg.Client; address: Address } | undefined> {
    let client: pg.Client | undefined;
    try {
      client = await this.connect(address.port);
      const { rows } = await client.query<{ primary: boolean }>('SELECT NOT pg_is_in_recovery() AS primary');
      if (rows[0]?.primary === true) return { client, address };
    } catch {
      // Not there, or not yet.
    }
    client?.end().catch(() => undefined);
    return undefined;
  }
}
