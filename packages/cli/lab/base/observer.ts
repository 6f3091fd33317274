import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { Failure } from '../../failure.js';
import type { Summary } from './tally.js';

const program = join(import.meta.dirname, 'observer-process.js');

export interface ObserverPlan {
  readonly url: string;
  readonly deadlineMs: number;
  readonly pagesPerOrder: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export type ObserverMessage =
  { readonly kind: 'ready' } | { readonly kind: 'seen'; readonly summary: Summary };

/**
 * Visits the shop a little, from a process of its own. Whoever sends thousands of requests in a second sees the answers late itself, and
 * takes that for the shop's doing: this one has nothing else to do than to look when they come.
 */
export class Observer {
  private readonly child: ChildProcess;
  private readonly messages: ObserverMessage[] = [];
  private wake: () => void = () => undefined;
  private end: string | undefined;

  /** It opens an account at once; `ready` tells when it has. */
  constructor(plan: ObserverPlan) {
    // A session of its own: Linux shares processors among them first.
    this.child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
    this.child.on('message', (message: ObserverMessage) => {
      this.messages.push(message);
      this.wake();
    });
    this.child.once('error', (error) => this.ended(error.message));
    this.child.once('exit', (code, signal) => this.ended(signal ?? `code ${code}`));
    this.child.send(plan);
  }

  async ready(): Promise<void> {
    await this.next();
  }

  /** Begins to look. @returns what it has seen when its time is over */
  async look(): Promise<Summary> {
    this.child.send('begin');
    const message = await this.next();
    if (message.kind !== 'seen') throw new Failure('The observer of the lab has not looked.');
    return message.summary;
  }

  close(): void {
    this.child.kill('SIGKILL');
  }

  /** @throws Failure when the process has ended before it told anything */
  private async next(): Promise<ObserverMessage> {
    for (;;) {
      const message = this.messages.shift();
      if (message !== undefined) return message;
      if (this.end !== undefined)
        throw new Failure(`The observer of the lab ended with ${this.end} before its work.`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private ended(how: string): void {
    this.end = how;
    this.wake();
  }
}
