import { setTimeout as delay } from 'node:timers/promises';
import type { ConsistencyLevel } from '#platform/config/process-config.js';

import { FrontDoorClient } from '../front-door-client.js';
import { measureConvergence } from './convergence.js';
import { HttpConnection } from './http-connection.js';
import { ObservedAccount } from './observed-account.js';
import { ShopHistory } from './shop-history.js';
import { ShopSession } from './shop-session.js';
import { ShopWriter } from './shop-writer.js';

export interface ExperimentPlan {
  readonly url: string;
  readonly level: ConsistencyLevel;
  /** Of read-your-writes. */
  readonly strategy?: string | undefined;
  readonly durationMs: number;
  /** Ends it earlier. */
  readonly isEnough: (history: ShopHistory) => boolean;
  readonly replicas: readonly string[];
  /** How far the slowest replica is behind. */
  readonly lagMs: number;
}

export interface ExperimentResult {
  readonly history: ShopHistory;
  readonly durationMs: number;
  /** Undefined when there is nothing to wait for, or it did not come. */
  readonly convergenceMs: number | undefined;
}

const accounts = 8;
const readersOfEachAccount = 5;
/** Sessions that read eventually beside the others, for comparison. */
const controlSessions = 4;
/** Of all accounts together. */
const writesPerSecond = 10;
const readsOfEachReader = 24;
const answerTimeoutMs = 15_000;
const convergenceTimeoutMs = 20_000;
const tickMs = 200;

/** Sessions of several accounts write and read at the same time, as fast as the shop answers, and all of it is judged. */
export class Experiment {
  private readonly history = new ShopHistory();
  private readonly sessions: ShopSession[] = [];
  private isOver = false;

  constructor(private readonly plan: ExperimentPlan) {}

  async run(): Promise<ExperimentResult> {
    const { url, durationMs, isEnough } = this.plan;
    const observed = await ObservedAccount.open(new FrontDoorClient(url), accounts);
    const startedAt = performance.now();
    const running = this.start(observed);
    try {
      while (!this.isOver) {
        await Promise.race([delay(tickMs), Promise.all(running)]);
        this.isOver = performance.now() - startedAt >= durationMs || isEnough(this.history);
        await Promise.all(observed.map((account) => account.renewLogIn()));
      }
      await Promise.all(running);
      const ranForMs = performance.now() - startedAt;
      return {
        history: this.history,
        durationMs: ranForMs,
        convergenceMs: await this.converge(observed),
      };
    } finally {
      this.isOver = true;
      for (const session of this.sessions) session.close();
    }
  }

  private start(observed: readonly ObservedAccount[]): Promise<void>[] {
    const { level, strategy } = this.plan;
    const asked = strategy === undefined ? level : `${level};strategy=${strategy}`;
    const running: Promise<void>[] = [];
    const writers = observed.map((account) => {
      const session = this.newSession(account, asked, this.history.judged);
      running.push(this.write(session));
      return session;
    });
    if (level !== 'eventual') {
      for (const writer of writers.slice(0, controlSessions))
        running.push(this.read(this.newSession(writer.account, 'eventual', this.history.control), writer));
    }
    for (const writer of writers) {
      for (let reader = 0; reader < readersOfEachAccount; reader++)
        running.push(this.read(this.newSession(writer.account, asked, this.history.judged), writer));
    }
    return running;
  }

  private newSession(account: ObservedAccount, consistency: string, to: ShopHistory['judged']): ShopSession {
    const session = new ShopSession(account, this.newConnection(), consistency, to);
    this.sessions.push(session);
    return session;
  }

  /** Orders now and then, and reads in between. */
  private async write(session: ShopSession): Promise<void> {
    const writer = new ShopWriter(session, this.history);
    writer.open();
    const intervalMs = (accounts / writesPerSecond) * 1000;
    let nextAt = performance.now() + Math.random() * intervalMs;
    while (!this.isOver) {
      if (performance.now() < nextAt) {
        await session.readOnce();
        continue;
      }
      await writer.writeOnce();
      // Neither in step with other writers nor with what the shop does periodically.
      nextAt = performance.now() + (0.5 + Math.random()) * intervalMs;
    }
  }

  /** Reads, and begins again and again as a new session with the writer's token. */
  private async read(session: ShopSession, writer: ShopSession): Promise<void> {
    let left = readsOfEachReader;
    while (!this.isOver) {
      await session.readOnce();
      if (--left > 0) continue;
      left = Math.ceil(Math.random() * 2 * readsOfEachReader);
      session.beginFrom(writer);
    }
  }

  private async converge(observed: readonly ObservedAccount[]): Promise<number | undefined> {
    const { replicas, lagMs } = this.plan;
    const last = observed.toSorted((one, other) => other.writtenAtMs - one.writtenAtMs)[0];
    if (replicas.length === 0 || last === undefined) return undefined;
    const connection = this.newConnection();
    try {
      const timeoutMs = lagMs + convergenceTimeoutMs;
      const wanted = { account: last, servers: replicas, sinceMs: last.writtenAtMs, timeoutMs };
      return await measureConvergence(connection, wanted);
    } finally {
      connection.close();
    }
  }

  private newConnection(): HttpConnection {
    return new HttpConnection(new URL(this.plan.url), answerTimeoutMs);
  }
}
