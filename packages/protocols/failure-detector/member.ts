import type { DetectorName } from './detector.js';
import { PeriodicDetector, type PeriodicOptions } from './periodic.js';
import { PhiAccrualDetector, type PhiAccrualOptions } from './phi-accrual.js';

/**
 * alive: beats. suspect: is silent, or its stream broke; it is probed, and gets requests still. dead: evicted. leaving: says itself
 * that it ends.
 */
export const memberStates = ['alive', 'suspect', 'dead', 'leaving'] as const;
export type MemberState = (typeof memberStates)[number];

/** What a process says of itself with every beat. */
export interface Heartbeat {
  readonly name: string;
  readonly service: string;
  /** When the process started, in epoch milliseconds: a later one replaces an earlier one of the same name. */
  readonly incarnation: number;
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly version: string;
  /** 0 to 1: how much of a core it uses. */
  readonly load: number;
  readonly inFlight: number;
  readonly eventLoopLagMs: number;
  /** It was told to end, and finishes what it has. */
  readonly leaving: boolean;
  /** It is asked for more than it can do in time. */
  readonly underPressure: boolean;
}

export interface DetectorOptions {
  readonly periodic: PeriodicOptions;
  readonly phi: PhiAccrualOptions;
}

/** What is known of one process of one incarnation. */
export class Member {
  state: MemberState = 'alive';
  /** Since when it has its state. */
  sinceMs: number;
  /** Since when it gets its share again; undefined when it got it in full from the beginning. */
  slowStartAtMs: number | undefined;
  draining = false;
  /** While suspect: its fate hangs on probes under way. */
  isProbed = false;
  /** Probes that were sent in this round. */
  probes = 0;
  mostProbes = 0;
  /** While dead: since when it beats without a break. */
  steadySinceMs: number | undefined;
  lastBeatAtMs: number;
  readonly periodic: PeriodicDetector;
  readonly phi: PhiAccrualDetector;

  constructor(
    public latest: Heartbeat,
    options: DetectorOptions,
    atMs: number,
  ) {
    this.sinceMs = atMs;
    this.lastBeatAtMs = atMs;
    this.periodic = new PeriodicDetector(options.periodic, atMs);
    this.phi = new PhiAccrualDetector(options.phi, atMs);
  }

  suspectedBy(detector: DetectorName, nowMs: number): boolean {
    return (detector === 'periodic' ? this.periodic : this.phi).suspects(nowMs);
  }

  beat(heartbeat: Heartbeat, atMs: number): void {
    this.latest = heartbeat;
    this.lastBeatAtMs = atMs;
    for (const detector of [this.periodic, this.phi]) detector.beat(atMs);
  }

  signOfLife(atMs: number): void {
    for (const detector of [this.periodic, this.phi]) detector.signOfLife(atMs);
  }

  forgive(gapMs: number): void {
    this.lastBeatAtMs += gapMs;
    for (const detector of [this.periodic, this.phi]) detector.forgive(gapMs);
  }

  become(state: MemberState, atMs: number): void {
    this.state = state;
    this.sinceMs = atMs;
    this.isProbed = false;
    this.probes = 0;
    this.steadySinceMs = undefined;
  }
}
