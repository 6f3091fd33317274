import type { Position } from '../postgres/position.js';
import type { CacheStore } from './cache-store.js';
import { floorAt } from './mark.js';
import type { SharedEntries } from './shared-entries.js';

/** Kept for Redis' return. Beyond it, everything that is in the cache then counts as outdated. */
const mostKept = 10_000;
const retryMs = 500;

export type InvalidationOutcome = 'done' | 'kept' | 'everything';

/**
 * Tells Redis of writes that are committed, with the position that is needed to see them. What could not be told, since
 * Redis or the primary was away, is kept and told at their return, before this process reads from that Redis again.
 */
export class Invalidations {
  private kept = new Set<string>();
  private everything = false;
  private running: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly entries: SharedEntries,
    private readonly store: CacheStore,
    /** Of the primary, asked for after the call. */
    private readonly position: () => Promise<Position>,
    private readonly count: (outcome: InvalidationOutcome, ids: number) => void,
  ) {
    store.onReturn(() => this.catchUp());
  }

  /** Resolves when Redis knows, or when it is sure that it will be told later. */
  async add(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.kept.add(id);
    if (this.kept.size > mostKept) {
      this.everything = true;
      this.kept.clear();
    }
    // What is under way has asked for its position already, perhaps before this write.
    await this.running;
    await (this.running ??= this.tell(false).finally(() => (this.running = undefined)));
  }

  close(): void {
    clearTimeout(this.retry);
  }

  private async catchUp(): Promise<void> {
    await this.running;
    await this.tell(true);
  }

  private async tell(returning: boolean): Promise<void> {
    if (this.kept.size === 0 && !this.everything) return;
    const ids = [...this.kept];
    const { everything } = this;
    this.kept.clear();
    this.everything = false;
    const told = await this.tryToTell(ids, everything, returning);
    if (told) return everything ? this.count('everything', 1) : this.count('done', ids.length);
    this.count('kept', ids.length);
    this.everything ||= everything;
    for (const id of ids) this.kept.add(id);
    this.tellLater();
  }

  private async tryToTell(ids: readonly string[], everything: boolean, returning: boolean): Promise<boolean> {
    if (!returning && !this.store.up) return false;
    try {
      const floor = floorAt(await this.position());
      if (everything && (await this.entries.settle(floor, true)) === undefined) return false;
      return await this.entries.invalidate(ids, floor, returning);
    } catch {
      // Without a primary there is no floor yet; what is cached can go all the same.
      if (!returning) await this.entries.dropBlindly(ids);
      return false;
    }
  }

  /** Redis' return is announced; the primary's is not. */
  private tellLater(): void {
    if (this.retry !== undefined || !this.store.up) return;
    this.retry = setTimeout(() => {
      this.retry = undefined;
      void this.add([]);
    }, retryMs);
    this.retry.unref();
  }
}
