import type { ProtocolEvent } from '#platform/trace/protocol-event.js';

/** The services in the order in which a transaction meets them; others follow. */
const serviceOrder = ['coordinator', 'inventory', 'account', 'order'];

/**
 * The processes that took part, from left to right: who asked for the transaction, the coordinators, the participants in
 * the order of the branches.
 */
export function lanesOf(events: readonly ProtocolEvent[]): string[] {
  const askers = new Set(
    events
      .filter(({ what }) => what.kind === 'sent' && what.message === 'execute')
      .map((event) => event.process),
  );
  const recorded = new Set(events.map((event) => event.process));
  const named = events
    .flatMap(({ what }) => namedIn(what))
    .filter((name) => name !== '' && laneOf(name, [...recorded]) === undefined);
  const rank = (name: string): number => {
    if (askers.has(name)) return 0;
    const place = serviceOrder.indexOf(serviceOf(name));
    return place === -1 ? serviceOrder.length + 1 : place + 1;
  };
  return [...new Set([...recorded, ...named])].sort(
    (a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true }),
  );
}

/** The lane of a process; a message that nobody took may name its service alone, which is any of its processes. */
export function laneOf(name: string, lanes: readonly string[]): number | undefined {
  const exact = lanes.indexOf(name);
  if (exact !== -1) return exact;
  const copy = lanes.findIndex((lane) => serviceOf(lane) === name);
  return copy === -1 ? undefined : copy;
}

function namedIn(what: ProtocolEvent['what']): string[] {
  if (what.kind === 'sent') return [what.to];
  return what.kind === 'received' || what.kind === 'turned-away' ? [what.from] : [];
}

function serviceOf(process: string): string {
  return process.replace(/-\d+$/, '');
}
