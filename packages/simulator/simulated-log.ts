import type { LogRecord } from '#protocols/commit/messages.js';

/**
 * The log of one transaction on a simulated disk. Records become durable in the order in which they were appended;
 * a crash loses those that are not durable yet. As in the coordinator's table, there is one record of each kind.
 */
export class SimulatedLog {
  private readonly onDisk: LogRecord[] = [];
  private inMemory: LogRecord[] = [];

  append(record: LogRecord, forced: boolean): void {
    const known = [...this.onDisk, ...this.inMemory].some(({ kind }) => kind === record.kind);
    if (!known) this.inMemory.push(record);
    if (forced) this.flush(this.inMemory.length);
  }

  /** Writes the oldest records that are not durable yet, `count` at most. */
  flush(count: number): void {
    this.onDisk.push(...this.inMemory.splice(0, count));
  }

  crash(): void {
    this.inMemory = [];
  }

  /** What a restarted coordinator finds. */
  durable(): readonly LogRecord[] {
    return this.onDisk;
  }

  isDurable(kind: LogRecord['kind']): boolean {
    return this.onDisk.some((record) => record.kind === kind);
  }
}
