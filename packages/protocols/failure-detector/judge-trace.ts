import { probeTimeoutMs } from './defaults.js';
import type { HeartbeatTrace } from './heartbeat-trace.js';
import type { Heartbeat } from './member.js';
import { Membership, type MembershipEffect, type MembershipOptions, type ProbeAnswer } from './membership.js';

export interface Judgement {
  /** From the end of the process until it was evicted; undefined when that did not happen, or it lived on. */
  readonly detectedMs: number | undefined;
  /** Evictions of a process that was alive. */
  readonly falseEvictions: readonly FalseEviction[];
  readonly suspicions: number;
  readonly probes: number;
}

export interface FalseEviction {
  readonly atMs: number;
  /** How long the pause was in which it happened; undefined outside of pauses. */
  readonly pauseMs: number | undefined;
}

/** A probe on a network that is well. */
const probeMs = 2;

const heartbeat: Heartbeat = {
  name: 'observed',
  service: 'observed',
  incarnation: 1,
  httpAddress: 'observed:80',
  grpcAddress: 'observed:81',
  version: '',
  load: 0,
  inFlight: 0,
  eventLoopLagMs: 0,
  leaving: false,
  underPressure: false,
};

/**
 * Plays a trace to a membership, in virtual time: beats as they arrived, a look every `tickMs`, and probes answered as the process would
 * have answered them.
 *
 * @param random which probes are lost
 */
export function judgeTrace(
  trace: HeartbeatTrace,
  options: MembershipOptions,
  tickMs: number,
  random: () => number,
): Judgement {
  const game = new Game(trace, options, random);
  for (let nowMs = 0; nowMs <= trace.endsAtMs + afterEndMs; nowMs += tickMs) game.playUntil(nowMs);
  return game.judgement();
}

/** How long is waited for an eviction after the end. */
const afterEndMs = 10_000;

interface Coming {
  readonly atMs: number;
  readonly answer: ProbeAnswer;
}

class Game {
  private readonly membership: Membership;
  private nextBeat = 0;
  private pauseIndex = 0;
  private coming: Coming | undefined;
  private streamEnded = false;
  private detectedMs: number | undefined;
  private readonly falseEvictions: FalseEviction[] = [];
  private suspicions = 0;
  private probes = 0;

  constructor(
    private readonly trace: HeartbeatTrace,
    options: MembershipOptions,
    private readonly random: () => number,
  ) {
    this.membership = new Membership(options, 0);
  }

  /** All that happens until then, in order, and then a look. */
  playUntil(nowMs: number): void {
    const { beatsAtMs, end } = this.trace;
    for (;;) {
      const beatAtMs = beatsAtMs[this.nextBeat] ?? Infinity;
      const answerAtMs = this.coming?.atMs ?? Infinity;
      const endAtMs = !this.streamEnded && end?.kind === 'kill' ? end.atMs + probeMs : Infinity;
      const atMs = Math.min(beatAtMs, answerAtMs, endAtMs);
      if (atMs > nowMs) break;
      if (atMs === beatAtMs) {
        this.nextBeat += 1;
        this.take(this.membership.handle({ kind: 'beat', atMs, heartbeat }), atMs);
      } else if (atMs === answerAtMs) this.answer(atMs);
      else this.endStream(atMs);
    }
    this.take(this.membership.handle({ kind: 'tick', atMs: nowMs }), nowMs);
  }

  judgement(): Judgement {
    const { detectedMs, falseEvictions, suspicions, probes } = this;
    return { detectedMs, falseEvictions, suspicions, probes };
  }

  private endStream(atMs: number): void {
    this.streamEnded = true;
    const { name, incarnation } = heartbeat;
    this.take(this.membership.handle({ kind: 'stream-lost', atMs, name, incarnation }), atMs);
  }

  private answer(atMs: number): void {
    const { answer } = this.coming ?? { answer: 'silent' };
    this.coming = undefined;
    const { name, incarnation } = heartbeat;
    this.take(this.membership.handle({ kind: 'probed', atMs, name, incarnation, answer }), atMs);
  }

  private take(effects: readonly MembershipEffect[], atMs: number): void {
    for (const effect of effects) {
      if (effect.kind === 'probe') this.coming = this.probe(atMs);
      else if (effect.to === 'suspect') this.suspicions += 1;
      else if (effect.to === 'dead') this.died(atMs);
    }
  }

  private died(atMs: number): void {
    const { end } = this.trace;
    if (end !== undefined && atMs >= end.atMs) this.detectedMs ??= atMs - end.atMs;
    else {
      const pause = this.pauseAt(atMs - probeTimeoutMs) ?? this.pauseAt(atMs);
      this.falseEvictions.push({ atMs, pauseMs: pause && pause.untilMs - pause.fromMs });
    }
  }

  private probe(atMs: number): Coming {
    this.probes += 1;
    const { end, lossShare } = this.trace;
    const silent = { atMs: atMs + probeTimeoutMs, answer: 'silent' } as const;
    if (this.random() < lossShare) return silent;
    if (end !== undefined && atMs >= end.atMs)
      return end.kind === 'kill' ? { atMs: atMs + probeMs, answer: 'refused' } : silent;
    const answeredAtMs = Math.max(atMs, this.pauseAt(atMs)?.untilMs ?? 0) + probeMs;
    return answeredAtMs - atMs < probeTimeoutMs ? { atMs: answeredAtMs, answer: 'answered' } : silent;
  }

  private pauseAt(atMs: number): { fromMs: number; untilMs: number } | undefined {
    const { pauses } = this.trace;
    while (
      this.pauseIndex < pauses.length &&
      (pauses[this.pauseIndex]?.untilMs ?? 0) <= atMs - 2 * probeTimeoutMs
    )
      this.pauseIndex += 1;
    return pauses
      .slice(this.pauseIndex, this.pauseIndex + 2)
      .find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  }
}
