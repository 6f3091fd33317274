import type { ProtocolEvent, What } from '#platform/trace/protocol-event.js';

export interface Message {
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly sentAtUs: number;
}

/** One line of the diagram. */
export type Step = { readonly atUs: number } & (
  | { readonly kind: 'local'; readonly event: ProtocolEvent }
  /** Sent and received with nothing in between that its receiver saw. */
  | { readonly kind: 'delivered'; readonly message: Message }
  | { readonly kind: 'sent'; readonly message: Message }
  | { readonly kind: 'received'; readonly message: Message; readonly again: boolean }
  /** Nobody has recorded that it came. */
  | { readonly kind: 'lost'; readonly message: Message }
);

type Sent = ProtocolEvent & { what: Extract<What, { kind: 'sent' }> };
type Received = ProtocolEvent & { what: Extract<What, { kind: 'received' }> };

/** A message that was under way for longer is drawn as two steps, so that what happened meanwhile stands between. */
const oneStepWithinUs = 100_000;
/** Less than the clock's unit. */
const justAfterUs = 0.5;

/**
 * The events of a transaction in causal order, messages put together. Hybrid logical time orders all events such that
 * causes come first; a message is one step where the two ends of it can stand on one line.
 */
export function causalOrder(events: readonly ProtocolEvent[]): Step[] {
  const ordered = inCausalOrder(distinct(events));
  const receipts = new Map<string, Received[]>();
  for (const { event } of ordered) {
    if (!isReceived(event)) continue;
    const name = nameOf(event.what.from, event.what.sentAtUs);
    receipts.set(name, [...(receipts.get(name) ?? []), event]);
  }
  const drawn = new Set<ProtocolEvent>();
  const seen = new Set<string>();
  const mergedReceipts = new Map<ProtocolEvent, Message>();
  return ordered.flatMap(({ event, atUs }, index): Step[] => {
    if (drawn.has(event)) return [];
    const merged = mergedReceipts.get(event);
    if (merged !== undefined) return [{ kind: 'delivered', atUs, message: merged }];
    if (isReceived(event)) {
      const name = nameOf(event.what.from, event.what.sentAtUs);
      const again = seen.has(name);
      seen.add(name);
      return [{ kind: 'received', atUs, message: receivedMessage(event), again }];
    }
    if (!isSent(event)) return [{ kind: 'local', atUs, event }];
    const receipt = receipts.get(nameOf(event.process, event.atUs))?.[0];
    const message = messageOf(event, receipt);
    if (receipt === undefined) return [{ kind: 'lost', atUs, message }];
    const merge = mergeAt(ordered, index, receipt);
    if (merge === 'neither') return [{ kind: 'sent', atUs, message }];
    seen.add(nameOf(event.process, event.atUs));
    if (merge === 'sending') {
      drawn.add(receipt);
      return [{ kind: 'delivered', atUs, message }];
    }
    mergedReceipts.set(receipt, message);
    return [];
  });
}

interface Ordered {
  readonly event: ProtocolEvent;
  readonly atUs: number;
}

/** Sorted by time, moved forward where a receipt claims to be earlier than its sending. */
function inCausalOrder(events: readonly ProtocolEvent[]): Ordered[] {
  const lastOf = new Map<string, number>();
  const sentAt = new Map<string, number>();
  const timed = [...events].sort(byTime).map((event): Ordered => {
    let atUs = Math.max(event.atUs, lastOf.get(event.process) ?? 0);
    if (isReceived(event)) {
      const { from, sentAtUs } = event.what;
      atUs = Math.max(atUs, (sentAt.get(nameOf(from, sentAtUs)) ?? sentAtUs) + justAfterUs);
    }
    lastOf.set(event.process, atUs);
    if (isSent(event)) sentAt.set(nameOf(event.process, event.atUs), atUs);
    return { event, atUs };
  });
  return timed.sort((a, b) => a.atUs - b.atUs || byTime(a.event, b.event));
}

function byTime(a: ProtocolEvent, b: ProtocolEvent): number {
  return (
    a.atUs - b.atUs || Number(isReceived(a)) - Number(isReceived(b)) || a.process.localeCompare(b.process)
  );
}

/**
 * Where the one step of a message stands: at the sending if its receiver did nothing until the receipt, else at the
 * receipt if its sender did nothing since. Either way nothing that follows from it stands above it.
 */
function mergeAt(
  ordered: readonly Ordered[],
  sentIndex: number,
  receipt: Received,
): 'sending' | 'receipt' | 'neither' {
  const sent = ordered[sentIndex];
  let [receiverIdle, senderIdle] = [true, true];
  for (const { event, atUs } of ordered.slice(sentIndex + 1)) {
    if (sent === undefined || atUs - sent.atUs > oneStepWithinUs) break;
    if (event === receipt) return receiverIdle ? 'sending' : senderIdle ? 'receipt' : 'neither';
    if (event.process === receipt.process) receiverIdle = false;
    if (event.process === sent.event.process) senderIdle = false;
  }
  return 'neither';
}

/** The same event may have been reported twice: as it happened, and when its process was asked. */
function distinct(events: readonly ProtocolEvent[]): ProtocolEvent[] {
  return [
    ...new Map(events.map((event) => [`${event.process} ${event.atUs} ${event.what.kind}`, event])).values(),
  ];
}

function messageOf({ process, atUs, what }: Sent, receipt: Received | undefined): Message {
  const text =
    what.attempt !== undefined && what.attempt > 1 ? `${what.message} #${what.attempt}` : what.message;
  return { text, from: process, to: receipt?.process ?? what.to, sentAtUs: atUs };
}

function receivedMessage({ process, what }: Received): Message {
  return { text: what.message, from: what.from, to: process, sentAtUs: what.sentAtUs };
}

function nameOf(sender: string, sentAtUs: number): string {
  return `${sender} ${sentAtUs}`;
}

function isSent(event: ProtocolEvent): event is Sent {
  return event.what.kind === 'sent';
}

function isReceived(event: ProtocolEvent): event is Received {
  return event.what.kind === 'received';
}
