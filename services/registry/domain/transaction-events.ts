import { HybridClock } from '#platform/trace/hybrid-clock.js';
import type { ProtocolEvent, What } from '#platform/trace/protocol-event.js';

/** The transactions about which something was told, the latest; and how much about each. */
const mostTransactions = 512;
const mostEventsOfOne = 2_048;

/** What the processes have told by themselves, and what only the registry sees: that one of them is gone. */
export class TransactionEvents {
  private readonly byGid = new Map<string, ProtocolEvent[]>();
  /** By process: the transactions whose fault is killing it, and those that it died in. */
  private readonly doomed = new Map<string, Set<string>>();
  private readonly dead = new Map<string, Set<string>>();

  constructor(private readonly clock = new HybridClock()) {}

  add(event: ProtocolEvent): void {
    this.clock.receive(event.atUs);
    this.keep(event);
  }

  of(gid: string): readonly ProtocolEvent[] {
    return this.byGid.get(gid) ?? [];
  }

  /** A crash has been announced; it has happened when the stream breaks. */
  crashing(process: string, gid: string): void {
    this.doomed.set(process, (this.doomed.get(process) ?? new Set()).add(gid));
  }

  detached(process: string): void {
    const gids = this.doomed.get(process);
    if (gids === undefined) return;
    this.doomed.delete(process);
    this.dead.set(process, gids);
    this.note(process, gids, { kind: 'crashed' });
  }

  attached(process: string): void {
    const gids = this.dead.get(process);
    if (gids === undefined) return;
    this.dead.delete(process);
    this.note(process, gids, { kind: 'restarted' });
  }

  private note(process: string, gids: ReadonlySet<string>, what: What): void {
    for (const gid of gids) this.keep({ gid, process, atUs: this.clock.tick(), what });
  }

  private keep(event: ProtocolEvent): void {
    const events = this.byGid.get(event.gid);
    if (events === undefined) {
      this.byGid.set(event.gid, [event]);
      const [oldest] = this.byGid.keys();
      if (this.byGid.size > mostTransactions && oldest !== undefined) this.byGid.delete(oldest);
    } else if (events.length < mostEventsOfOne) {
      events.push(event);
    }
  }
}

/**
 * Events of one transaction from several sources, each once, in causal order: their times are of a hybrid clock, by
 * which what follows from a message is later than its sending.
 */
export function inCausalOrder(sources: readonly (readonly ProtocolEvent[])[]): ProtocolEvent[] {
  const once = new Map<string, ProtocolEvent>();
  for (const event of sources.flat()) once.set(`${event.process}@${event.atUs}`, event);
  const events = [...once.values()].sort(byTime);
  return events
    .map((event) => (event.what.kind === 'restarted' ? whenItCameBack(event, events) : event))
    .sort(byTime);
}

function byTime(left: ProtocolEvent, right: ProtocolEvent): number {
  return left.atUs - right.atUs || left.process.localeCompare(right.process);
}

/** A process that was started again has been at work before the registry saw it. */
function whenItCameBack(restarted: ProtocolEvent, events: readonly ProtocolEvent[]): ProtocolEvent {
  const own = events.filter(({ process, atUs }) => process === restarted.process && atUs < restarted.atUs);
  const crash = own.findLastIndex(({ what }) => what.kind === 'crashed');
  const first = crash === -1 ? undefined : own[crash + 1];
  return first === undefined ? restarted : { ...restarted, atUs: first.atUs - 1 };
}
