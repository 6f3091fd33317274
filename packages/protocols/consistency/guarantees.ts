/**
 * What can be wrong with one read. Sources: Terry et al. 1994, "Session guarantees for weakly consistent replicated data"
 * (section 3, read your writes, monotonic reads, writes follow reads); Viotti and Vukolić 2016, "Consistency in
 * non-transactional distributed storage systems" (the predicates of the same names, and RealTime); Ahamad et al. 1995, "Causal
 * memory"; Lamport 1986, "On interprocess communication" (part II, atomic registers); Bailis et al. 2012, "Probabilistically
 * bounded staleness".
 */
export const anomalies = [
  /** Older than the newest write that was acknowledged before the read began (RealTime). */
  'stale',
  /** Older than what the session wrote itself (ReadYourWrites). */
  'readYourWrites',
  /** Older than what the session has read (MonotonicReads). */
  'monotonic',
  /**
   * Older than a write that happened before the read: the session's own, one it has read, one that those depended on, or one
   * that came with a token from another session, which makes it break writes follow reads as well (Causality).
   */
  'causal',
  /** Older than what another read had returned that ended before this one began: new, then old (an atomic register may not). */
  'inverted',
  /** A version that nobody had begun to write when the read ended (thin air). */
  'unwritten',
] as const;

export type Anomaly = (typeof anomalies)[number];

/**
 * What a level rules out. A key has one writer who writes one version after the other, and then a history of it is
 * linearizable exactly when no read is stale, inverted or unwritten (Lamport 1986); each session is served in order, so
 * that the rest follows. Causal is the sum of the session guarantees (Brzeziński et al. 2004, "From session causality to
 * causal consistency").
 */
export const ruledOut = {
  strong: [...anomalies],
  'read-your-writes': ['readYourWrites', 'unwritten'],
  monotonic: ['monotonic', 'unwritten'],
  causal: ['readYourWrites', 'monotonic', 'causal', 'unwritten'],
  eventual: ['unwritten'],
} as const satisfies Record<string, readonly Anomaly[]>;

export type GuaranteedLevel = keyof typeof ruledOut;

/** What sessions notice by themselves: under a level that promises none of it, these are what it costs. */
export const sessionAnomalies = [
  'readYourWrites',
  'monotonic',
  'causal',
] as const satisfies readonly Anomaly[];
