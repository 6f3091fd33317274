/** What the supervisor knows of a primary with its replicas, and what it can do with them. */

export type SynchronousMode = 'none' | 'flush' | 'remote_apply';

/** What must survive the supervisor: written before it acts. */
export interface Memory {
  /** Counts the promotions, from 1. */
  readonly epoch: number;
  readonly primary: string;
  readonly phase: 'steady' | 'failing-over' | 'stuck';
  /** hot: promotes by itself; cold: by command. */
  readonly mode: 'hot' | 'cold';
  readonly synchronous: SynchronousMode;
  /**
   * In a synchronous mode: every one of these must be heard before a promotion, since only together they are sure to have
   * every acknowledged write. After a promotion the new primary itself is one of them, until another has caught up with it.
   */
  readonly synchronousReplicas: readonly string[];
  readonly cloneOrders: Readonly<Record<string, number>>;
}

/** What a member has said of itself. */
export interface Seen {
  readonly name: string;
  /** Monotonic: when the question was sent, so that all of this was true later than that. */
  readonly askedAtMs: number;
  /** A replica recovers for ever; a member that does not is a primary, rightly or not. */
  readonly recovering: boolean;
  /** The latest timeline of which it has log. Places in the log can only be compared within one. */
  readonly timeline: number;
  /** Of a primary how far its log is on disk, of a replica how far it has received or replayed it. */
  readonly lsn: bigint;
  /** Whether a replica has read its own log to the end since it started: before, it may have more than it tells. */
  readonly complete: boolean;
  /** The member from which a replica would stream. */
  readonly follows: string | undefined;
  readonly streaming: boolean;
  /** The latest epoch in its tables; 0 while it has none. */
  readonly epoch: number;
  /** New sessions are read-only: it was fenced. */
  readonly readOnly: boolean;
  /** Of a primary. */
  readonly sending: Sending;
}

export interface Sending {
  /** The replicas of which one must confirm a commit. */
  readonly names: readonly string[];
  /** Whether confirming means that the commit can be seen there. */
  readonly applies: boolean;
  /** Replicas that are streaming and have answered lately, with the place up to which they have the log on disk. */
  readonly attached: readonly { readonly name: string; readonly flushed: bigint }[];
  /** Members for which it keeps the log that they have not received. */
  readonly keepsFor: readonly string[];
  /** The oldest place of which it still has the log. */
  readonly oldest: bigint;
  /** Where earlier timelines ended on the way to its own. */
  readonly ends: readonly { readonly timeline: number; readonly lsn: bigint }[];
}

export const noSending: Sending = {
  names: [],
  applies: false,
  attached: [],
  keepsFor: [],
  oldest: 0n,
  ends: [],
};

/** What is to be done with a member; each can be repeated, and each shows in what the member says of itself. */
export type Action =
  /**
   * Its new timeline has the number of the epoch. By itself it would count on from the timelines that it knows, and two
   * replicas that do not know of each other's promotion would give the same number to different logs.
   */
  | { readonly type: 'promote'; readonly member: string; readonly epoch: number; readonly timeline: number }
  /** Writable, with its epoch in its tables, and keeping the log for all others. */
  | { readonly type: 'open'; readonly member: string; readonly epoch: number }
  | {
      readonly type: 'synchronize';
      readonly member: string;
      readonly names: readonly string[];
      readonly applies: boolean;
    }
  | { readonly type: 'follow'; readonly member: string; readonly primary: string }
  /** No new session can write, and those that are there end. */
  | { readonly type: 'fence'; readonly member: string };

export const timings = {
  /** How long a server may be believed to be the primary after the clock of the renewal before. */
  leaseMs: 2_500,
  renewMs: 250,
  /** For clocks that do not run equally fast. */
  marginMs: 100,
  /** What was said longer ago says nothing of now. */
  freshMs: 1_000,
  /** How long a replica that was heard shortly before is waited for, when another could be promoted. */
  patienceMs: 500,
  /** How long a replica may take to read its own log to the end, when another could be promoted. */
  completeMs: 3_000,
  /** How long a primary that answers again may take to renew its lease. */
  returnMs: 1_500,
  /** After the lease, for it to be told that nobody can be promoted. */
  stuckMs: 2_000,
  /** How long a member that is being promoted may be silent before another is chosen. */
  promotionMs: 3_000,
  /** How long a command waits for a replica that can be promoted. */
  commandMs: 10_000,
  /** How long a replica must be away before commits no longer count on it. */
  detachedMs: 3_000,
  /** For every session of a server to have read a setting. */
  settleMs: 500,
  /** How long a replica must be beyond help before it is cloned. */
  strayMs: 2_000,
  /** How long a clone may take before another is ordered. */
  cloneMs: 60_000,
} as const;

/** Later in the history of the cluster: a later timeline first, then further in it. */
export function compareProgress(one: Seen, other: Seen): number {
  if (one.timeline !== other.timeline) return one.timeline - other.timeline;
  return one.lsn === other.lsn ? 0 : one.lsn > other.lsn ? 1 : -1;
}

/** Whether a replica has log that its primary never had, or needs log that the primary no longer has. */
export function isBeyondHelp(replica: Seen, primary: Seen): boolean {
  if (replica.timeline > primary.timeline) return true;
  if (replica.lsn < primary.sending.oldest) return true;
  if (replica.timeline === primary.timeline)
    return replica.lsn > primary.lsn && primary.askedAtMs > replica.askedAtMs;
  const end = primary.sending.ends.find(({ timeline }) => timeline === replica.timeline);
  return end === undefined || replica.lsn > end.lsn;
}
