import type { CacheProtections } from '../settings/settings.js';
import { parseEntry, type CacheEntry } from './cache-entry.js';
import { covers, type Mark } from './mark.js';
import type { Space } from './space.js';

/** What a cached entry must fulfil for this read. */
export interface EntryDemand {
  readonly atLeast: Mark;
  /** Of the database; what was seen in an older one may have been lost at the failover. */
  readonly epoch: number;
  readonly space: Space | undefined;
  readonly nowMs: number;
  /** How long a value that has expired may still be shown while a new one is fetched. */
  readonly staleMs: number;
  readonly protections: CacheProtections;
}

/** `behind`: good for others, but older than what this reader has seen or written. */
export type Judgement =
  | { readonly kind: 'fresh' | 'stale'; readonly entry: CacheEntry }
  | { readonly kind: 'miss' | 'behind'; readonly entry: CacheEntry | undefined }
  | { readonly kind: 'unreadable' };

/** @param text what Redis holds under the key */
export function judgeEntry(text: string | null, demand: EntryDemand): Judgement {
  if (text === null) return { kind: 'miss', entry: undefined };
  const entry = parseEntry(text);
  if (entry === undefined) return { kind: 'unreadable' };
  if (entry.kind === 'outdated' || entry.kind === 'floor') return { kind: 'miss', entry };
  const { protections, nowMs } = demand;
  if (entry.kind === 'absent' && !protections.nullMarker) return { kind: 'miss', entry };
  if (protections.versions && !isCurrent(entry, demand)) return { kind: 'miss', entry };
  if (!covers(entry.atLeast, demand.atLeast)) return { kind: 'behind', entry };
  if (nowMs < entry.freshUntilMs) return { kind: 'fresh', entry };
  // That something is absent is remembered for a moment only; showing it for longer would hide what was created.
  const mayBeStale = protections.staleWhileRevalidate && entry.kind === 'value';
  if (mayBeStale && nowMs < entry.freshUntilMs + demand.staleMs) return { kind: 'stale', entry };
  return { kind: 'miss', entry };
}

/** Not of an epoch that has ended, and not from before Redis lost its memory. */
function isCurrent(entry: CacheEntry, { space, epoch }: EntryDemand): boolean {
  if (space === undefined || !covers(entry.atLeast, space.floor)) return false;
  return epochOf(entry.atLeast) >= epoch;
}

function epochOf(mark: Mark): number {
  return Number.parseInt(mark.slice(0, 8), 16);
}
