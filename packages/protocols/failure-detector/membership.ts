import { assertNever } from '../assert.js';
import type { DetectorName } from './detector.js';
import { Deaths } from './flap-damping.js';
import { Member, type DetectorOptions, type Heartbeat, type MemberState } from './member.js';
import { slowStartShare } from './slow-start.js';

export interface MembershipOptions extends DetectorOptions {
  readonly intervalMs: number;
  readonly detector: DetectorName;
  /** Direct probes that a silent member may leave unanswered. */
  readonly probes: number;
  /** The same for one whose stream broke: that is a reason to look closely, and does not evict it by itself. */
  readonly probesAfterLoss: number;
  /** The share of a service's members that is used whatever the detector says. */
  readonly keepShare: number;
  readonly slowStartMs: number;
  /** A registry that has just started changes nothing until nobody new came for so long: the members have yet to find it. */
  readonly warmUpMs: number;
  /** The longest time between two ticks after which the registry itself is taken to have been asleep. */
  readonly asleepMs: number;
  /** When a dead member is forgotten that did not come back. */
  readonly forgetMs: number;
}

/** What a probe came back with. refused: something answered that nobody listens there, which no pause brings about. */
export type ProbeAnswer = 'answered' | 'silent' | 'refused';

export type MembershipEvent =
  | { readonly kind: 'beat'; readonly atMs: number; readonly heartbeat: Heartbeat }
  | {
      readonly kind: 'stream-lost';
      readonly atMs: number;
      readonly name: string;
      readonly incarnation: number;
    }
  | {
      readonly kind: 'probed';
      readonly atMs: number;
      readonly name: string;
      readonly incarnation: number;
      readonly answer: ProbeAnswer;
    }
  | { readonly kind: 'drain'; readonly atMs: number; readonly name: string; readonly draining: boolean }
  | { readonly kind: 'detector'; readonly atMs: number; readonly detector: DetectorName }
  | { readonly kind: 'tick'; readonly atMs: number };

export type MembershipEffect =
  /** To be answered with `probed`, within a time that the runtime sets. */
  | {
      readonly kind: 'probe';
      readonly name: string;
      readonly incarnation: number;
      readonly httpAddress: string;
    }
  /** `left` and `forgotten` members are not there any more. */
  | {
      readonly kind: 'transition';
      readonly name: string;
      readonly to: MemberState | 'left' | 'forgotten';
      readonly why: string;
    };

export type DrainRefusal = 'unknown-member' | 'last-member';

/** One member as others are told of it. */
export interface MemberView {
  readonly name: string;
  readonly service: string;
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly state: MemberState;
  readonly draining: boolean;
  /** The part of its share that a member is given which has just come; 1 for all others. */
  readonly slowStartShare: number;
  /** It is asked for more than it can do in time, by its own account. */
  readonly underPressure: boolean;
}

/**
 * Who is there, and who is to be sent requests. It listens to heartbeats and looks itself where they are missing: a member that is
 * suspected is probed directly, as in SWIM (Das, Gupta and Motivala, DSN 2002, section 3.1), and evicted when nobody listens at its
 * address any more, or when it has left its probes unanswered. So a killed process is noticed in the time of one round trip, while a
 * slow one has all the time that the detector gives it: a stream that breaks is only a hint, and a refused connection is proof.
 * A registry that was asleep itself judges nobody (the local health of Lifeguard, Dadgar, Phillips and Currey, DSN 2018).
 */
export class Membership {
  private readonly members = new Map<string, Member>();
  private readonly deaths: Deaths;
  private detectorName: DetectorName;
  private tickedAtMs: number;
  private wasSettled = false;
  /** When somebody came whom this registry did not know; at first, when it started itself. */
  private joinedAtMs: number;

  constructor(
    private readonly options: MembershipOptions,
    private readonly startedAtMs: number,
  ) {
    this.detectorName = options.detector;
    this.deaths = new Deaths(options.intervalMs);
    this.tickedAtMs = startedAtMs;
    this.joinedAtMs = startedAtMs;
  }

  get detector(): DetectorName {
    return this.detectorName;
  }

  /** Whether the registry has been there for long enough for every member to have found it. */
  isSettled(nowMs: number): boolean {
    const { warmUpMs } = this.options;
    const isQuiet = nowMs - this.joinedAtMs >= warmUpMs;
    return this.wasSettled || isQuiet || nowMs - this.startedAtMs >= warmUpMs * mostWarmUps;
  }

  list(): readonly Member[] {
    return [...this.members.values()];
  }

  view(nowMs: number): MemberView[] {
    return this.list().map((member) => {
      const { state, draining, latest } = member;
      const { name, service, httpAddress, grpcAddress, underPressure } = latest;
      const slowStartShare = this.slowStartShare(member, nowMs);
      return { name, service, httpAddress, grpcAddress, state, draining, slowStartShare, underPressure };
    });
  }

  /** Whether a member may be taken out of traffic: somebody else of its service has to be left. */
  checkDrain(name: string): DrainRefusal | undefined {
    const member = this.members.get(name);
    if (member === undefined || member.state === 'dead') return 'unknown-member';
    const others = this.list().filter(
      (one) => one !== member && one.latest.service === member.latest.service && isServing(one),
    );
    return others.length === 0 ? 'last-member' : undefined;
  }

  handle(event: MembershipEvent): MembershipEffect[] {
    switch (event.kind) {
      case 'beat':
        return this.beat(event.heartbeat, event.atMs);
      case 'stream-lost':
        return this.streamLost(event.name, event.incarnation, event.atMs);
      case 'probed':
        return this.probed(event);
      case 'drain': {
        const member = this.members.get(event.name);
        if (member !== undefined) member.draining = event.draining;
        return [];
      }
      case 'detector':
        this.detectorName = event.detector;
        return [];
      case 'tick':
        return this.tick(event.atMs);
      default:
        return assertNever(event);
    }
  }

  private beat(heartbeat: Heartbeat, atMs: number): MembershipEffect[] {
    const { name, incarnation, leaving } = heartbeat;
    const known = this.members.get(name);
    // What an earlier process of that name has sent comes late.
    if (known !== undefined && incarnation < known.latest.incarnation) return [];
    if (known === undefined || incarnation > known.latest.incarnation)
      return this.join(heartbeat, known, atMs);
    const silenceMs = atMs - known.lastBeatAtMs;
    known.beat(heartbeat, atMs);
    if (leaving) return known.state === 'leaving' ? [] : this.change(known, 'leaving', 'it ends', atMs);
    switch (known.state) {
      case 'alive':
        return [];
      case 'suspect':
        return this.change(known, 'alive', 'it beats again', atMs);
      case 'leaving':
        return this.change(known, 'alive', 'it stays after all', atMs);
      case 'dead':
        return this.recover(known, silenceMs, atMs);
      default:
        return assertNever(known.state);
    }
  }

  private join(heartbeat: Heartbeat, before: Member | undefined, atMs: number): MembershipEffect[] {
    const member = new Member(heartbeat, this.options, atMs);
    this.members.set(heartbeat.name, member);
    if (before === undefined) this.joinedAtMs = atMs;
    if (before !== undefined && before.state !== 'dead' && before.state !== 'leaving')
      this.deaths.note(heartbeat.name, atMs);
    if (heartbeat.leaving) return this.change(member, 'leaving', 'it ends', atMs);
    // One that has died again and again has to show first that it lives.
    if (this.deaths.steadyMs(heartbeat.name, atMs) > 0) {
      member.become('dead', atMs);
      member.steadySinceMs = atMs;
      return [transition(member, 'it was started again, and has died too often')];
    }
    // When the registry has just started, it is the registry that is new.
    if (this.isSettled(atMs)) member.slowStartAtMs = atMs;
    return [transition(member, before === undefined ? 'it joined' : 'it was started again')];
  }

  /** A dead member beats: it has to do so without a break for a while, longer the more often it has died. */
  private recover(member: Member, silenceMs: number, atMs: number): MembershipEffect[] {
    const { intervalMs } = this.options;
    if (member.steadySinceMs === undefined || silenceMs > intervalMs * toleratedIntervals)
      member.steadySinceMs = atMs;
    const neededMs = Math.max(this.deaths.steadyMs(member.latest.name, atMs), steadyIntervals * intervalMs);
    if (atMs - member.steadySinceMs < neededMs) return [];
    member.slowStartAtMs = atMs;
    return this.change(member, 'alive', 'it has recovered', atMs);
  }

  private streamLost(name: string, incarnation: number, atMs: number): MembershipEffect[] {
    const member = this.members.get(name);
    if (member?.latest.incarnation !== incarnation) return [];
    if (member.state === 'leaving') return this.remove(member, 'left', 'it has ended as it said');
    if (member.state === 'dead') return [];
    return this.suspect(member, 'stream-lost', atMs);
  }

  private probed({
    name,
    incarnation,
    answer,
    atMs,
  }: MembershipEvent & { kind: 'probed' }): MembershipEffect[] {
    const member = this.members.get(name);
    if (member?.latest.incarnation !== incarnation || member.state !== 'suspect') return [];
    switch (answer) {
      case 'answered':
        member.signOfLife(atMs);
        return this.change(member, 'alive', 'it answered a probe', atMs);
      case 'refused':
        return this.die(member, 'nobody listens there', atMs);
      case 'silent':
        if (member.probes < member.mostProbes) return this.probe(member);
        if (member.suspectedBy(this.detectorName, atMs))
          return this.die(member, 'it is silent, also to probes', atMs);
        // A broken stream and a slow answer are no proof: it is probed again when its beats are missing, too.
        member.isProbed = false;
        return [];
      default:
        return assertNever(answer);
    }
  }

  private tick(atMs: number): MembershipEffect[] {
    const gapMs = atMs - this.tickedAtMs;
    this.tickedAtMs = atMs;
    this.wasSettled = this.isSettled(atMs);
    if (gapMs >= this.options.asleepMs) for (const member of this.members.values()) member.forgive(gapMs);
    const effects: MembershipEffect[] = [];
    // A member may be removed on the way, which a Map bears.
    for (const member of this.members.values()) effects.push(...this.look(member, atMs));
    return effects;
  }

  private look(member: Member, atMs: number): MembershipEffect[] {
    const silent = member.suspectedBy(this.detectorName, atMs);
    switch (member.state) {
      case 'alive':
        return silent ? this.suspect(member, 'silence', atMs) : [];
      case 'suspect':
        return silent && !member.isProbed ? this.suspect(member, 'silence', atMs) : [];
      case 'leaving':
        return silent ? this.remove(member, 'left', 'it has ended as it said') : [];
      case 'dead':
        if (atMs - member.lastBeatAtMs < this.options.forgetMs) return [];
        return this.remove(member, 'forgotten', 'it did not come back');
      default:
        return assertNever(member.state);
    }
  }

  private suspect(member: Member, cause: 'silence' | 'stream-lost', atMs: number): MembershipEffect[] {
    const isNew = member.state !== 'suspect';
    if (isNew) member.become('suspect', atMs);
    member.isProbed = true;
    member.probes = 0;
    member.mostProbes = cause === 'silence' ? this.options.probes : this.options.probesAfterLoss;
    const why = cause === 'silence' ? `${this.detectorName} suspects it` : 'its stream broke';
    return [...(isNew ? [transition(member, why)] : []), ...this.probe(member)];
  }

  private probe(member: Member): MembershipEffect[] {
    const { name, incarnation, httpAddress } = member.latest;
    member.probes += 1;
    return [{ kind: 'probe', name, incarnation, httpAddress }];
  }

  private die(member: Member, why: string, atMs: number): MembershipEffect[] {
    this.deaths.note(member.latest.name, atMs);
    return this.change(member, 'dead', why, atMs);
  }

  private change(member: Member, to: MemberState, why: string, atMs: number): MembershipEffect[] {
    member.become(to, atMs);
    return [transition(member, why)];
  }

  private remove(member: Member, to: 'left' | 'forgotten', why: string): MembershipEffect[] {
    const { name } = member.latest;
    this.members.delete(name);
    return [{ kind: 'transition', name, to, why }];
  }

  private slowStartShare({ slowStartAtMs }: Member, nowMs: number): number {
    return slowStartAtMs === undefined ? 1 : slowStartShare(nowMs - slowStartAtMs, this.options.slowStartMs);
  }
}

/** A shop in which there is always somebody new has settled after so many times of its warm-up. */
const mostWarmUps = 10;
/** Beats of a recovering member may be so many intervals apart: one may be lost. */
const toleratedIntervals = 2.5;
/** And it has to beat for so many. */
const steadyIntervals = 3;

function transition(member: Member, why: string): MembershipEffect {
  return { kind: 'transition', name: member.latest.name, to: member.state, why };
}

function isServing({ state, draining }: Member): boolean {
  return (state === 'alive' || state === 'suspect') && !draining;
}
