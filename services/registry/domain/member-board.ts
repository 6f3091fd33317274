import type { HeartbeatConfig } from '#platform/config/process-config.js';
import type { Logger } from '#platform/logging/logger.js';
import { asConfigured, type BalancingView, type Shedding, type View } from '#platform/membership/view.js';
import { fullWeight } from '#protocols/balancing/strategy.js';
import { defaultMembership, membershipFor, tickMs } from '#protocols/failure-detector/defaults.js';
import type { DetectorName } from '#protocols/failure-detector/detector.js';
import type { Heartbeat, MemberState } from '#protocols/failure-detector/member.js';
import {
  Membership,
  type DrainRefusal,
  type MembershipEffect,
  type MembershipEvent,
  type ProbeAnswer,
} from '#protocols/failure-detector/membership.js';
import type { AuditLog } from './audit-log.js';
import type { BalancedMember } from './balancing-board.js';

/** What the balancing has to say about members; all take their full share without it. */
export interface BalancingSource {
  view(): BalancingView;
  /** Of a full share of 100. */
  weightOf(member: string): number;
}

const evenly: BalancingSource = { view: () => asConfigured, weightOf: () => fullWeight };

interface MemberBoardOptions {
  readonly heartbeat: HeartbeatConfig;
  /** How long it changes nothing after its start. */
  readonly warmUpMs?: number;
  /** Looks directly whether a process is there; answers within a bounded time. */
  readonly probe: (httpAddress: string) => Promise<ProbeAnswer>;
  readonly audit: AuditLog;
  readonly logger: Logger;
  readonly balancing?: BalancingSource;
  /** Whether load is shed, as it was switched last; to be followed by `publish` whenever it changes. */
  readonly shedding?: () => Shedding;
  /** Monotonic. */
  readonly nowMs?: () => number;
  /** When this registry started, in epoch milliseconds. */
  readonly epoch?: number;
}

/** One member as it is told to an operator: what was decided of it, and from what. */
export interface MemberReport {
  readonly name: string;
  readonly service: string;
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly state: MemberState;
  /** How long it has had its state. */
  readonly sinceMs: number;
  readonly draining: boolean;
  readonly weight: number;
  readonly slowStartShare: number;
  readonly underPressure: boolean;
  readonly phi: number;
  readonly missedBeats: number;
  readonly load: number;
  readonly inFlight: number;
  readonly eventLoopLagMs: number;
  readonly version: string;
  readonly incarnation: number;
  /** Whether each of the two detectors suspects it now, whichever is in charge. */
  readonly detectors: { readonly periodic: boolean; readonly phi: boolean };
}

/** Runs the membership: gives it the time, makes its probes, and tells everybody when something has changed. */
export class MemberBoard {
  readonly epoch: number;
  private readonly membership: Membership;
  private readonly nowMs: () => number;
  private readonly timer: NodeJS.Timeout;
  private readonly listeners = new Set<() => void>();
  private balancing: BalancingSource;
  private version = 0;
  private published = '';

  constructor(private readonly options: MemberBoardOptions) {
    const {
      heartbeat,
      warmUpMs = defaultMembership.warmUpMs,
      nowMs = () => performance.now(),
      epoch = Date.now(),
      balancing = evenly,
    } = options;
    this.nowMs = nowMs;
    this.epoch = epoch;
    this.balancing = balancing;
    this.membership = new Membership(membershipFor({ ...heartbeat, warmUpMs }), nowMs());
    this.timer = setInterval(() => this.handle({ kind: 'tick', atMs: this.nowMs() }), tickMs);
    this.timer.unref();
    this.publish();
  }

  get detector(): DetectorName {
    return this.membership.detector;
  }

  /** From now on members are balanced like this; to be followed by `publish` whenever it changes. */
  balanceBy(balancing: BalancingSource): void {
    this.balancing = balancing;
    this.publish();
  }

  beat(heartbeat: Heartbeat): void {
    this.handle({ kind: 'beat', atMs: this.nowMs(), heartbeat });
  }

  streamLost(name: string, incarnation: number): void {
    this.handle({ kind: 'stream-lost', atMs: this.nowMs(), name, incarnation });
  }

  /** Takes a member out of traffic, or back. */
  drain(name: string, draining: boolean): DrainRefusal | undefined {
    const refusal = this.membership.checkDrain(name);
    if (refusal === 'unknown-member' || (draining && refusal !== undefined)) return refusal;
    const isSo = this.membership
      .view(this.nowMs())
      .some((one) => one.name === name && one.draining === draining);
    if (isSo) return undefined;
    this.options.audit.add('admin', draining ? 'member-drained' : 'member-undrained', { name });
    this.handle({ kind: 'drain', atMs: this.nowMs(), name, draining });
    return undefined;
  }

  switchDetector(detector: DetectorName): void {
    if (detector === this.detector) return;
    this.options.audit.add('admin', 'detector-switched', { before: this.detector, after: detector });
    this.handle({ kind: 'detector', atMs: this.nowMs(), detector });
  }

  view(): View {
    const nowMs = this.nowMs();
    const members = this.membership.view(nowMs).map((member) => ({
      ...member,
      weight: this.balancing.weightOf(member.name),
    }));
    const settled = this.membership.isSettled(nowMs);
    const { epoch, version, detector } = this;
    const shedding = this.options.shedding?.() ?? '';
    return { epoch, version, settled, members, detector, balancing: this.balancing.view(), shedding };
  }

  /** What the balancing goes by. The load of who is dead, drained or starting says nothing. */
  balanced(): BalancedMember[] {
    const shares = new Map(this.membership.view(this.nowMs()).map((one) => [one.name, one.slowStartShare]));
    return this.membership.list().map(({ latest: { name, service, load }, state, draining }) => ({
      name,
      service,
      load,
      isSettled: state === 'alive' && !draining && shares.get(name) === 1,
    }));
  }

  report(): MemberReport[] {
    const nowMs = this.nowMs();
    const views = new Map(this.view().members.map((member) => [member.name, member]));
    return this.membership.list().flatMap((member) => {
      const { latest, periodic, phi, sinceMs } = member;
      const { load, inFlight, eventLoopLagMs, version, incarnation } = latest;
      const view = views.get(latest.name);
      if (view === undefined) return [];
      return {
        ...view,
        sinceMs: Math.round(nowMs - sinceMs),
        phi: Math.round(phi.phi(nowMs) * 100) / 100,
        missedBeats: periodic.missed(nowMs),
        ...{ load: Math.round(load * 100) / 100, inFlight, eventLoopLagMs, version, incarnation },
        detectors: { periodic: periodic.suspects(nowMs), phi: phi.suspects(nowMs) },
      };
    });
  }

  /** @returns what ends the listening */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.timer);
    // Who waits for a change is answered, and does not keep the process from ending.
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }

  /** Tells everybody, when what they are to know has changed. */
  publish(): void {
    const { members, settled, detector, balancing, shedding } = this.view();
    const content = JSON.stringify([members, settled, detector, balancing, shedding]);
    if (content === this.published) return;
    this.published = content;
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  private handle(event: MembershipEvent): void {
    for (const effect of this.membership.handle(event)) this.execute(effect);
    this.publish();
  }

  private execute(effect: MembershipEffect): void {
    const { name } = effect;
    if (effect.kind === 'transition') {
      const { to, why } = effect;
      const level = to === 'dead' || to === 'suspect' ? 'warn' : 'info';
      this.options.logger[level](
        { member: name, state: to, why, detector: this.detector },
        'a member changed',
      );
      return;
    }
    const { incarnation, httpAddress } = effect;
    void this.options.probe(httpAddress).then((answer) => {
      this.handle({ kind: 'probed', atMs: this.nowMs(), name, incarnation, answer });
    });
  }
}
