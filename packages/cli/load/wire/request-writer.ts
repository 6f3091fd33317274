import type { RequestKind } from '../load-plan.js';
import type { TimedRequest } from './timed-request.js';

interface Target {
  readonly host: string;
  readonly port: number;
  readonly kinds: readonly RequestKind[];
  readonly clientHeaders?: readonly string[];
  readonly keyPrefix: string;
}

/** Renders requests as they go over the wire. What does not change from one to the next is rendered once. */
export class RequestWriter {
  private readonly heads: readonly (readonly string[])[];
  private readonly payloads: readonly (readonly string[])[];
  private readonly clientLines: readonly string[];

  constructor(private readonly target: Target) {
    this.heads = target.kinds.map(({ method, paths }) =>
      paths.map((path) => `${method} ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n`),
    );
    this.payloads = target.kinds.map(({ bodies = [] }) =>
      // Read back as latin1, the bytes of UTF-8 stay what they are.
      bodies.map(
        (body) =>
          `\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n` +
          Buffer.from(body, 'utf8').toString('latin1'),
      ),
    );
    this.clientLines = (target.clientHeaders ?? []).map((line) => `${line}\r\n`);
  }

  /** To be written as latin1. */
  render({ kind, client, choice, number }: TimedRequest): string {
    const head = (this.heads[kind] && chosen(this.heads[kind], choice)) ?? '';
    const { clientLines } = this;
    const line = clientLines.length === 0 ? '' : (clientLines[client % clientLines.length] ?? '');
    const payloads = this.payloads[kind];
    if (payloads === undefined || payloads.length === 0) return `${head}${line}\r\n`;
    const { keyPrefix } = this.target;
    return `${head}${line}Idempotency-Key: ${keyPrefix}-${number}${chosen(payloads, choice) ?? ''}`;
  }
}

function chosen<T>(all: readonly T[], choice: number): T | undefined {
  return all[Math.floor(choice * all.length)];
}
