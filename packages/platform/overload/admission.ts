import type { OverloadConfig } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Settings } from '../settings/settings.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import { Gate } from './gate.js';
import { leastUnderWay, Pressure } from './pressure.js';
import { StandingDelay } from './standing-delay.js';

/** Made once: a refusal has to cost next to nothing. By then what is under way now has ended. */
const overloaded = new Problem('overloaded', undefined, { retryAfterMs: 1_000 });

/** Orders may take this part of their deadline on average: then few of them miss it. */
const targetShare = 0.25;

/** A page that takes longer on average is one that people leave. */
const readTargetMs = 250;

/** How often the event loop is asked how late it is. */
const sampleMs = 50;

/** A late event loop means that there is too much to read only if so large a part of what may be is under way. */
const busyShare = 2;

interface AdmissionParts {
  readonly config: OverloadConfig;
  /** After that long an order is answered 202, whatever has become of it. */
  readonly orderDeadlineMs: number;
  readonly settings: Pick<Settings, 'sheds'>;
  readonly metrics: Metrics;
  /** Whether those who take orders are asked for more than they can do, wherever they run. */
  readonly ordersArePressed?: () => boolean;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/**
 * Decides what a process takes on. What it could not answer in time is refused at once and before anything is touched: work that
 * nobody waits for any more takes the place of work that somebody waits for (Google, "Site Reliability Engineering", chapter 21).
 */
export class Admission {
  readonly orders: Gate;
  readonly reads: Gate;
  private readonly orderLimit: AdaptiveLimit;
  private readonly readLimit: AdaptiveLimit;
  private readonly delay = new StandingDelay();
  private readonly pressure = new Pressure();
  private readonly nowMs: () => number;

  constructor(private readonly parts: AdmissionParts) {
    const { config, orderDeadlineMs, settings, nowMs = () => performance.now() } = parts;
    const sheds = (): boolean => settings.sheds;
    const { ordersUnderWay, readsUnderWay } = config;
    const limit = (most: number, targetMs: number): AdaptiveLimit =>
      new AdaptiveLimit({ most, least: leastUnderWay(most), targetMs });
    this.orderLimit = limit(ordersUnderWay, orderDeadlineMs * targetShare);
    this.readLimit = limit(readsUnderWay, readTargetMs);
    this.orders = new Gate(() => this.orderLimit.limit, sheds);
    this.reads = new Gate(() => this.readLimit.limit, sheds);
    this.nowMs = nowMs;
  }

  /** Watches the event loop for as long as the process lives. */
  start(): void {
    let dueAtMs = this.nowMs() + sampleMs;
    const sample = (): void => {
      const now = this.nowMs();
      this.noteDelay(Math.max(0, now - dueAtMs));
      dueAtMs = now + sampleMs;
    };
    setInterval(sample, sampleMs).unref();
  }

  /** How late the event loop was. */
  noteDelay(delayMs: number): void {
    const now = this.nowMs();
    this.delay.note(delayMs, now);
    const { orders, reads } = this;
    const { ordersUnderWay, readsUnderWay } = this.parts.config;
    const kinds = [
      { underWay: orders.underWay, limit: orders.most, most: ordersUnderWay },
      { underWay: reads.underWay, limit: reads.most, most: readsUnderWay },
    ];
    this.pressure.note(kinds, now);
    const { requestsLimit, requestsUnderWay } = this.parts.metrics;
    requestsLimit.set({ kind: 'order' }, orders.most);
    requestsLimit.set({ kind: 'read' }, reads.most);
    requestsUnderWay.set({ kind: 'order' }, orders.underWay);
    requestsUnderWay.set({ kind: 'read' }, reads.underWay);
  }

  /**
   * Runs the work of one order.
   *
   * @throws Problem `overloaded`, when nothing was touched yet
   */
  async order<T>(work: () => Promise<T>): Promise<T> {
    if (this.orders.isFull) throw this.refusal('order');
    this.orders.enter();
    const beganAtMs = this.nowMs();
    try {
      return await work();
    } finally {
      this.orderLimit.note(beganAtMs, this.nowMs(), this.orders.underWay);
      this.orders.leave();
    }
  }

  /** Counts one more who reads. @returns what counts it as answered */
  enterRead(): () => void {
    const beganAtMs = this.nowMs();
    this.reads.enter();
    return () => {
      this.readLimit.note(beganAtMs, this.nowMs(), this.reads.underWay);
      this.reads.leave();
    };
  }

  /** Whether the front door had better let less through. */
  get isUnderPressure(): boolean {
    return this.pressure.isThere;
  }

  /**
   * Whether readers had better be given what is at hand: more of them wait than can be answered in time, or orders wait for what it would take
   * to read anew.
   */
  get isPressed(): boolean {
    const { settings, ordersArePressed } = this.parts;
    if (!settings.sheds) return false;
    const { underWay, most } = this.reads;
    if (underWay > most || (underWay > most / busyShare && this.delay.stands(this.nowMs()))) return true;
    return ordersArePressed?.() === true;
  }

  /** Whether there are too many readers for those whom nothing old will do. */
  get refusesReads(): boolean {
    return this.parts.settings.sheds && this.reads.underWay > this.reads.most;
  }

  /** The answer to what is turned away. */
  refusal(kind: 'order' | 'read'): Problem {
    this.parts.metrics.requestsShed.inc({ kind, how: 'refused' });
    return overloaded;
  }

  /** A reader was given something old instead. */
  degraded(): void {
    this.parts.metrics.requestsShed.inc({ kind: 'read', how: 'degraded' });
  }
}
