import type { ProtocolEvent } from '#platform/trace/protocol-event.js';

interface LogEntry {
  readonly kind: string;
}

/** How a transaction ended; undefined when it has not been decided, as far as one can see. */
export function outcomeOf(
  log: readonly LogEntry[],
  events: readonly ProtocolEvent[],
): 'committed' | 'aborted' | undefined {
  const kinds = new Set(log.map(({ kind }) => kind));
  if (kinds.has('abort')) return 'aborted';
  if (kinds.has('commit')) return 'committed';
  // 3PC: everybody was ready, which decides it, and no record of a decision is needed.
  if (kinds.has('pre-commit') && kinds.has('end')) return 'committed';
  // Without a log there is what the coordinator said.
  for (const { what } of events) {
    if (what.kind === 'ended') return what.outcome.startsWith('committed') ? 'committed' : 'aborted';
  }
  return undefined;
}
