/** The lease as a server has it in its tables; a replica's may be old. */
export interface Lease {
  readonly epoch: number;
  readonly primaryName: string;
  /** How long it was still to last by the server's own clock; negative when it was over. */
  readonly leftMs: number;
  /** By the primary's clock, in ms since 1970. */
  readonly renewedAtMs: number;
  readonly synchronous: string;
  /** Replicas that are attached and can confirm a write. */
  readonly synchronousReplicas: number;
}

/** What one server said of itself, asked once. */
export interface Sighting {
  readonly member: string;
  /** When it was asked, by this process's monotonic clock. */
  readonly sentAtMs: number;
  /** The server's own clock when it answered, in ms since 1970. */
  readonly clockMs: number;
  readonly inRecovery: boolean;
  /** Flushed in a primary, replayed in a replica. */
  readonly lsn: bigint;
  /** Undefined where the supervisor has not been yet. */
  readonly lease: Lease | undefined;
}

export interface Judgement {
  /** The latest that any server has told of. */
  readonly epoch: number;
  /** The one that may take writes, and until when by this process's monotonic clock. */
  readonly primary:
    { readonly sighting: Sighting; readonly lease: Lease; readonly untilMs: number } | undefined;
}

/** How often the supervisor renews the lease; what it wrote last tells a replica's age no better than that. */
const renewMs = 250;
/** How long a primary that is silent is taken to go on writing. */
const longestSilenceMs = 2 * renewMs;

/**
 * Which server is the primary. One is while it holds the lease of the latest epoch that anybody has told of; the lease counts
 * from when the question was sent, so that an answer that was long under way makes it shorter and never longer
 * (Gray and Cheriton, "Leases", SOSP 1989, section 3.1).
 */
export function judge(sightings: Iterable<Sighting>, knownEpoch: number, nowMs: number): Judgement {
  let epoch = knownEpoch;
  let primary: Judgement['primary'];
  for (const sighting of sightings) {
    const { lease, member, inRecovery, sentAtMs } = sighting;
    if (lease === undefined) continue;
    if (lease.epoch > epoch) {
      epoch = lease.epoch;
      primary = undefined;
    }
    if (inRecovery || lease.primaryName !== member || lease.epoch < epoch) continue;
    const untilMs = sentAtMs + lease.leftMs;
    if (untilMs > nowMs) primary = { sighting, lease, untilMs };
  }
  return { epoch, primary };
}

/**
 * How far a replica may be behind at most. It has all that was committed before the latest renewal of the lease that it has
 * replayed, or, when it has replayed all that the primary had, before the primary was asked. What either has done since
 * they were heard is not known, so that the answer grows with their silence.
 *
 * @param primary as it was last heard
 */
export function mostBehindMs(replica: Sighting, primary: Sighting | undefined, nowMs: number): number {
  if (primary === undefined) return Infinity;
  const sinceMs = nowMs - primary.sentAtMs;
  if (replica.lsn >= primary.lsn) return sinceMs;
  if (replica.lease === undefined) return Infinity;
  return primary.clockMs + sinceMs - replica.lease.renewedAtMs;
}

/**
 * How far a replica is behind, in the time of its primary's clock alone: the age of the latest renewal of the lease that it has
 * replayed. While no primary is heard nothing new is assumed to be written, so that the replicas can still be read.
 *
 * @param primary as it was last heard, of the replica's epoch
 */
export function lagMsOf(replica: Sighting, primary: Sighting | undefined): number {
  if (primary === undefined || replica.lease === undefined || replica.lsn >= primary.lsn) return 0;
  const sinceMs = Math.min(replica.sentAtMs - primary.sentAtMs, longestSilenceMs);
  return Math.max(0, Math.round(primary.clockMs + sinceMs - replica.lease.renewedAtMs - renewMs));
}
