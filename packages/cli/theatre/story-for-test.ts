import type { ProtocolEvent, What } from '#platform/trace/protocol-event.js';

const startUs = 1_800_000_000_000_000;

/** Writes down events by hand, as the processes of a platform would. */
export class Story {
  readonly events: ProtocolEvent[] = [];
  private nowUs = startUs;

  /** Time passes. */
  after(ms: number): this {
    this.nowUs += ms * 1000;
    return this;
  }

  note(process: string, what: What): this {
    this.events.push({ gid: 'g', process, atUs: this.nowUs, what });
    return this.after(0.1);
  }

  lost(from: string, to: string, message: string, attempt?: number): this {
    return this.note(from, { kind: 'sent', message, to, ...(attempt !== undefined && { attempt }) });
  }

  message(from: string, to: string, message: string, transitMs = 0.5): this {
    const sentAtUs = this.nowUs;
    this.lost(from, to, message);
    this.events.push({
      gid: 'g',
      process: to,
      atUs: sentAtUs + transitMs * 1000,
      what: { kind: 'received', message, from, sentAtUs },
    });
    this.nowUs = sentAtUs + Math.min(transitMs, 1) * 1000 + 100;
    return this;
  }

  log(process: string, record: string, forced = false): this {
    return this.note(process, { kind: 'logged', record, forced });
  }

  did(process: string, branch: number, state: string): this {
    return this.note(process, { kind: 'did', branch, state });
  }

  /** A question and its answer, with what the asked process does in between. */
  call(from: string, to: string, phase: string, branch: number, state: string, answer = 'done'): this {
    return this.message(from, to, phase)
      .after(1)
      .did(to, branch, state)
      .message(to, from, `${phase}: ${answer}`);
  }
}
