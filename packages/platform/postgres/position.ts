/**
 * A place in the write-ahead log of the cluster. Every promotion begins a new epoch (a timeline of PostgreSQL's), whose
 * log goes on from the place up to which the promoted replica had come; what the old primary wrote beyond it is lost.
 */
export interface Position {
  /** 0 where no supervisor counts. */
  readonly epoch: number;
  readonly lsn: bigint;
}

export const startPosition: Position = { epoch: 0, lsn: 0n };

/** @param text as PostgreSQL writes a pg_lsn, for example 16/B374D848 */
export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Whether what is at `other` can be seen from `position`, when nothing of it was lost. */
export function isAtLeast(position: Position, other: Position): boolean {
  return position.epoch > other.epoch || (position.epoch === other.epoch && position.lsn >= other.lsn);
}

export function later(one: Position, other: Position): Position {
  return isAtLeast(one, other) ? one : other;
}
