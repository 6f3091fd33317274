import { parseEntry, type CacheEntry } from './cache-entry.js';
import type { CacheOptions, CacheParts, CacheSource } from './cache-options.js';
import { judgeEntry } from './judge-entry.js';
import { startMark, type Mark } from './mark.js';
import type { Held } from './shared-entries.js';

export type EntryReading<Value> =
  | { readonly kind: 'fresh' | 'stale'; readonly entry: CacheEntry; readonly value: Value | undefined }
  | { readonly kind: 'miss' | 'behind' | 'unreadable' };

/** Reads what Redis holds, which anybody may have written there. */
export class EntryReader<Value> {
  constructor(
    private readonly parts: Required<CacheParts>,
    private readonly options: CacheOptions<Value>,
    private readonly source: Pick<CacheSource<Value>, 'epoch'>,
  ) {}

  read({ text, space }: Held, atLeast: Mark): EntryReading<Value> {
    const judged = judgeEntry(text, {
      atLeast,
      space,
      epoch: this.source.epoch(),
      nowMs: this.parts.now(),
      staleMs: this.options.staleMs,
      protections: this.parts.protections(),
    });
    if (judged.kind !== 'fresh' && judged.kind !== 'stale') return { kind: judged.kind };
    const { kind, entry } = judged;
    if (entry.kind === 'absent') return { kind, entry, value: undefined };
    const value = this.valueOf(entry);
    return value === undefined ? { kind: 'unreadable' } : { kind, entry, value };
  }

  /** Undefined when it does not fit the schema. */
  valueOf(entry: CacheEntry): Value | undefined {
    try {
      const parsed = this.options.schema.safeParse(JSON.parse(entry.payload));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  floorOf(text: string | null): Mark {
    return (text === null ? undefined : parseEntry(text)?.floor) ?? startMark;
  }
}
