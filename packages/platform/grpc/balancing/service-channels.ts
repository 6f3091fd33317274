import { Chooser } from '#protocols/balancing/chooser.js';
import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Metrics } from '../../metrics/metrics.js';
import type { Callees } from './callees.js';

/** A stream to one copy. */
export interface ServedChannel {
  readonly isOpen: boolean;
  close(): void;
}

interface ServiceChannelsParts<Channel extends ServedChannel> {
  readonly service: string;
  readonly callees: Callees;
  /** The process that sends. */
  readonly self: string;
  readonly connect: (address: string) => Channel;
  readonly metrics: Pick<Metrics, 'balancingChoices'>;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/** A message without an answer after so long is one that its copy did not answer. */
const answerWithinMs = 2_000;
/** Messages that are remembered until they are answered; beyond it the oldest are forgotten. */
const mostRemembered = 4_096;

interface Sent {
  readonly address: string;
  readonly atMs: number;
}

/** Strategies that go by what is under way or how long it takes: only they need each message to be remembered. */
const watchesAnswers: ReadonlySet<ClientStrategy> = new Set([
  'least-conn',
  'least-request',
  'random-two',
  'ewma',
]);

/**
 * One stream to each copy of a service, and for each message one of those that are open, by the strategy in force. Copies that come get
 * a stream, and those that nobody knows any more lose theirs.
 */
export class ServiceChannels<Channel extends ServedChannel> {
  private readonly channels = new Map<string, Channel>();
  private readonly sent = new Map<string, Sent>();
  private readonly stop: () => void;
  private readonly nowMs: () => number;
  private chooser: Chooser;
  /** Copies that messages are to be sent to, as long as one of them can be. */
  private wanted: ReadonlySet<string> = new Set();

  constructor(private readonly parts: ServiceChannelsParts<Channel>) {
    this.nowMs = parts.nowMs ?? (() => performance.now());
    this.chooser = new Chooser(parts.callees.strategy, parts.self);
    this.follow();
    this.stop = parts.callees.onChange(() => this.follow());
  }

  get all(): readonly Channel[] {
    return [...this.channels.values()];
  }

  /**
   * The stream for a message; undefined when none is open.
   *
   * @param key what the message is about, for `consistent-hash`
   */
  choose(key: string): Channel | undefined {
    const isOpen = (address: string): boolean => this.channels.get(address)?.isOpen === true;
    const choice = { key, nowMs: this.nowMs(), random: Math.random };
    const address =
      this.chooser.choose({ ...choice, isUsable: (one) => this.wanted.has(one) && isOpen(one) }) ??
      // Who is thought to be dead and has its stream open may be alive, and there is nobody else.
      this.chooser.choose({ ...choice, isUsable: isOpen });
    if (address === undefined) return undefined;
    this.parts.metrics.balancingChoices.inc({ address });
    return this.channels.get(address);
  }

  /** A message is sent; `id` is the same in its answer. */
  noteSent(channel: Channel, id: () => string): void {
    if (!watchesAnswers.has(this.chooser.strategy)) return;
    const address = this.addressOf(channel);
    if (address === undefined) return;
    const nowMs = this.nowMs();
    this.giveUpOld(nowMs);
    const key = id();
    this.forget(key, false, nowMs);
    this.sent.set(key, { address, atMs: nowMs });
    this.chooser.begun(address);
  }

  noteAnswered(id: () => string): void {
    if (this.sent.size > 0) this.forget(id(), true, this.nowMs());
  }

  close(): void {
    this.stop();
    for (const channel of this.channels.values()) channel.close();
  }

  private follow(): void {
    const { callees, service, self, connect } = this.parts;
    const { strategy } = callees;
    if (strategy !== this.chooser.strategy) {
      this.chooser = new Chooser(strategy, self);
      this.sent.clear();
    }
    const addresses = callees.addresses(service);
    // A view without a copy is no reason to let go of those that were there.
    if (addresses.length === 0) return;
    for (const address of addresses) {
      if (!this.channels.has(address)) this.channels.set(address, connect(address));
    }
    const known = new Set(addresses);
    for (const [address, channel] of this.channels) {
      if (known.has(address)) continue;
      channel.close();
      this.channels.delete(address);
    }
    const targets = callees.targets(service);
    this.wanted = new Set(targets.map(({ address }) => address));
    const others = addresses.filter((address) => !this.wanted.has(address));
    this.chooser.update([...targets, ...others.map((address) => ({ address, weight: 1 }))]);
  }

  private addressOf(channel: Channel): string | undefined {
    for (const [address, one] of this.channels) if (one === channel) return address;
    return undefined;
  }

  private giveUpOld(nowMs: number): void {
    for (const [key, { atMs }] of this.sent) {
      if (nowMs - atMs < answerWithinMs && this.sent.size < mostRemembered) return;
      this.forget(key, false, nowMs);
    }
  }

  private forget(key: string, ok: boolean, nowMs: number): void {
    const sent = this.sent.get(key);
    if (sent === undefined) return;
    this.sent.delete(key);
    this.chooser.ended(sent.address, { tookMs: nowMs - sent.atMs, ok, nowMs });
  }
}
