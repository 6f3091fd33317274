import { markLength, startMark, type Mark } from './mark.js';

/** What the cache knows of a key: a value, or that there is none, or (after a write) only that what it knew is outdated. */
export interface CacheEntry {
  readonly kind: EntryKind;
  /** What is stored must have been read at or after it. */
  readonly floor: Mark;
  /** The value shows every write up to here. */
  readonly atLeast: Mark;
  /** The value shows no write after it. */
  readonly atMost: Mark;
  /** When the load began, by the clock of the process that loaded. */
  readonly loadedAtMs: number;
  readonly freshUntilMs: number;
  /** JSON; empty unless there is a value. */
  readonly payload: string;
}

/** `outdated` keeps its value for those who would rather have an old answer than none. */
export type EntryKind = 'value' | 'absent' | 'outdated' | 'floor';

/** The first character, which the scripts know as well. */
const letters: Readonly<Record<EntryKind, string>> = { value: 'V', absent: 'N', outdated: 'o', floor: '-' };
const kinds = new Map(Object.entries(letters).map(([kind, letter]) => [letter, kind as EntryKind]));

const timeDigits = 12;
const headerLength = 1 + 3 * markLength + 2 * timeDigits;
const header = new RegExp(`^[${[...kinds.keys()].join('')}][0-9a-f]{${headerLength - 1}}`);

/** Everything after the floor, which is kept by Redis. */
export function formatContent({ atLeast, atMost, loadedAtMs, freshUntilMs, payload }: CacheEntry): string {
  return atLeast + atMost + formatTime(loadedAtMs) + formatTime(freshUntilMs) + payload;
}

export function letterOf(kind: EntryKind): string {
  return letters[kind];
}

export function formatEntry(entry: CacheEntry): string {
  return letters[entry.kind] + entry.floor + formatContent(entry);
}

/** Undefined when it is none, or one of another version. */
export function parseEntry(text: string): CacheEntry | undefined {
  if (!header.test(text)) return undefined;
  const kind = kinds.get(text.charAt(0));
  if (kind === undefined) return undefined;
  const mark = (index: number): Mark => text.slice(1 + index * markLength, 1 + (index + 1) * markLength);
  const times = 1 + 3 * markLength;
  return {
    kind,
    floor: mark(0),
    atLeast: mark(1),
    atMost: mark(2),
    loadedAtMs: Number.parseInt(text.slice(times, times + timeDigits), 16),
    freshUntilMs: Number.parseInt(text.slice(times + timeDigits, headerLength), 16),
    payload: text.slice(headerLength),
  };
}

/** A value with no floor yet, as a load brings it. */
export function newEntry(content: Omit<CacheEntry, 'floor'>): CacheEntry {
  return { ...content, floor: startMark };
}

export function formatTime(timeMs: number): string {
  return timeMs.toString(16).padStart(timeDigits, '0');
}
