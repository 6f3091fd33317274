import type { ProtocolEvent } from '#platform/trace/protocol-event.js';

/** How long a branch kept from others what it had locked or reserved. */
export interface Hold {
  readonly service: string;
  readonly branch: number;
  readonly ms: number;
  /** How it ended; undefined when it is still held. */
  readonly end: string | undefined;
}

/** A branch in one of these states waits for a decision: its locks (2PC, 3PC) or its reservation (TCC) stand. */
const waiting = new Set(['prepared', 'pre-committed', 'tried', 'held', 'reserved']);

/** One for each branch that waited for a decision, in the order of the branches. */
export function holdsOf(events: readonly ProtocolEvent[]): Hold[] {
  const ordered = [...events].sort((a, b) => a.atUs - b.atUs);
  const latestUs = ordered.at(-1)?.atUs ?? 0;
  const since = new Map<string, { fromUs: number; hold?: Hold }>();
  for (const { process, atUs, what } of ordered) {
    if (what.kind !== 'did' && what.kind !== 'decided-alone') continue;
    const service = process.replace(/-\d+$/, '');
    const key = `${what.branch} ${service}`;
    const known = since.get(key);
    const state = what.kind === 'did' ? what.state : what.decision;
    if (waiting.has(state)) {
      if (known === undefined) since.set(key, { fromUs: atUs });
    } else if (known !== undefined && known.hold === undefined) {
      const ms = (atUs - known.fromUs) / 1000;
      since.set(key, { ...known, hold: { service, branch: what.branch, ms, end: state } });
    }
  }
  return [...since]
    .map(([key, { fromUs, hold }]): Hold => {
      const [branch = '', service = ''] = key.split(' ');
      const open = { service, branch: Number(branch), ms: (latestUs - fromUs) / 1000, end: undefined };
      return hold ?? open;
    })
    .sort((a, b) => a.branch - b.branch);
}

/** Processes that crashed and have not been seen again. */
export function missingProcesses(events: readonly ProtocolEvent[]): string[] {
  const missing = new Set<string>();
  for (const { process, what } of [...events].sort((a, b) => a.atUs - b.atUs)) {
    if (what.kind === 'crashed' || (what.kind === 'fault' && what.action === 'crash')) missing.add(process);
    else missing.delete(process);
  }
  return [...missing];
}
