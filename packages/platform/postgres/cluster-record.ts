import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { failoverModes, synchronousModes } from '../config/process-config.js';

const promotionSchema = z.strictObject({
  epoch: z.int().min(1),
  primary: z.string(),
  /** Where the log of the epoch begins, as PostgreSQL writes a pg_lsn; what others wrote beyond it is lost. */
  beganAtLsn: z.string(),
  /** ISO 8601. */
  beganAt: z.string(),
  why: z.string(),
  /** From the first sign of trouble until writes were possible again. */
  tookMs: z.number(),
});

const recordSchema = z.strictObject({
  /** Counts the promotions, from 1. */
  epoch: z.int().min(1),
  primary: z.string(),
  /**
   * steady: the primary is, or is expected to be, there. failing-over: another is about to be promoted, so that the old
   * primary must not come back as one. stuck: nobody can be promoted, so that the old primary may come back.
   */
  phase: z.enum(['steady', 'failing-over', 'stuck']),
  mode: z.enum(failoverModes),
  synchronous: z.enum(synchronousModes),
  /** Of these replicas every one must be heard before a promotion: one of them has every acknowledged write. */
  synchronousReplicas: z.array(z.string()),
  /** By member, the number of the latest order to clone it anew; who runs the member remembers which it has executed. */
  cloneOrders: z.record(z.string(), z.int().min(1)),
  /** The latest first. */
  history: z.array(promotionSchema),
});

/**
 * What the supervisor remembers of the database cluster. It alone writes the record, always before it acts; who runs the
 * servers (the launcher) writes the first one and then reads it, to know who starts as what.
 */
export type ClusterRecord = z.infer<typeof recordSchema>;
export type Promotion = z.infer<typeof promotionSchema>;

/** Undefined when there is none yet. @throws Error when there is one that cannot be read. */
export function readClusterRecord(path: string): ClusterRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // Not `instanceof Error`: under Jest the file system's errors are of another realm.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return recordSchema.parse(JSON.parse(text));
}

/** On disk when it returns; a reader sees the old record or the new one, never a part. */
export function writeClusterRecord(path: string, record: ClusterRecord): void {
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(record, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
