import { setTimeout as delay } from 'node:timers/promises';
import type { Reads } from '#platform/consistency/reads.js';
import { Problem } from '#platform/errors/problem.js';
import { currentScope, outsideOfRequests } from '#platform/logging/correlation.js';
import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { Members } from '#platform/postgres/members.js';
import { isAtLeast, later, startPosition, type Position } from '#platform/postgres/position.js';
import { SharedQuery } from '#platform/postgres/shared-query.js';
import { waitForStart } from '#platform/postgres/wait-for-start.js';
import { ProductIndex } from '../domain/product-index.js';
import type { FollowingIndex } from '../domain/search-products.js';
import { Watermark } from '../domain/watermark.js';
import { addedProducts, productsIn, seenIn } from './added-products.js';

interface FollowerParts {
  readonly reads: Reads;
  readonly members: Members;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** How long an eventual reader may miss what was added, while the primary is there. */
  readonly pollMs?: number;
}

const defaultPollMs = 200;
/** How long a request waits for the index. */
const mostCatchUpMs = 1_000;

/**
 * Keeps an index of all products in memory as the primary has them. It reads what is new at regular times, and at once for a
 * request that demands more than the index shows; all who demand it at the same time share one read. In each new epoch it is built
 * anew, since what the old primary had last may be lost.
 */
export class IndexFollower implements FollowingIndex {
  private index = new ProductIndex();
  /** Undefined until something was read. */
  private watermark: Watermark | undefined;
  /** The index shows every product that was added at or before it. */
  private position = startPosition;
  /** It shows none that was added after it. */
  private newest = startPosition;
  /** When the read began that the index shows, by the monotonic clock. */
  private asOfMs = -Infinity;
  private readonly shared = new SharedQuery(() => this.readPrimary());
  private readonly closing = new AbortController();
  /** Why the latest read has failed, if it has. */
  private failure: string | undefined;

  constructor(private readonly parts: FollowerParts) {}

  /**
   * From now on it reads by itself. Resolves when there is something to find: the table is made by the service whose products they
   * are, which may be starting itself.
   *
   * @throws Error that says what was missing at last
   */
  async start(): Promise<void> {
    void this.follow();
    const missing = (): string | undefined =>
      this.isLoaded ? undefined : (this.failure ?? 'the products have not been read yet');
    await waitForStart(missing, this.parts.logger);
  }

  close(): void {
    this.closing.abort();
  }

  async forRequest(): Promise<ProductIndex> {
    if (!this.suffices()) await this.catchUp();
    // A later read of the same session must not show less, also where another copy of this service answers it.
    currentScope()?.reading?.hasSeen(this.newest);
    return this.index;
  }

  private get isLoaded(): boolean {
    return this.watermark !== undefined;
  }

  /** Whether the index shows what the level of the request and its session demand. */
  private suffices(): boolean {
    if (!this.isLoaded) return false;
    if (currentScope()?.reading?.demand.level === 'eventual') return true;
    const { reads } = this.parts;
    // Where one server stands alone every read is the latest, and no session tells of a position.
    if (!reads.replicated) return false;
    const { allowed, atLeast, withinMs = Infinity } = reads.cacheDemand();
    const isRecent = withinMs === Infinity || performance.now() - this.asOfMs < withinMs;
    return allowed && isRecent && isAtLeast(this.position, atLeast);
  }

  private async catchUp(): Promise<void> {
    const { searchCatchUps } = this.parts.metrics;
    try {
      await inTime(this.shared.ask());
      searchCatchUps.inc({ from: 'primary' });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      await this.catchUpAtReplica(error);
      searchCatchUps.inc({ from: 'replica' });
    }
  }

  /** Without a primary whatever a replica can prove goes on. The request is answered by the one that its level allows. */
  private async catchUpAtReplica(refusal: Problem): Promise<void> {
    const { reads, members } = this.parts;
    if (!reads.replicated || !reads.cacheDemand().allowed) throw refusal;
    const watermark = this.watermarkOf(members.epoch);
    const { rows, atLeast, atMost } = await inTime(reads.runPositioned(addedProducts, [watermark.since]));
    if (members.epoch !== watermark.epoch) throw refusal;
    this.watermark ??= watermark;
    this.takeOver(this.index, productsIn(rows), { atLeast: later(this.position, atLeast), atMost });
  }

  private async follow(): Promise<void> {
    const { pollMs = defaultPollMs, logger } = this.parts;
    const { signal } = this.closing;
    while (!signal.aborted) {
      try {
        await this.shared.ask();
        if (this.failure !== undefined)
          logger.info({ products: this.index.size }, 'the index follows the products again');
        this.failure = undefined;
      } catch (error) {
        if (this.failure === undefined && !signal.aborted)
          logger.warn({ err: error }, 'the index cannot follow the products, and stays as it is');
        this.failure = error instanceof Error ? error.message : String(error);
        if (!this.isLoaded) await this.beginAtReplica().catch(() => undefined);
      }
      await delay(pollMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Something to begin with where there is no primary; as soon as there is one, all is read there once more. */
  private async beginAtReplica(): Promise<void> {
    const { members } = this.parts;
    const { epoch } = members;
    const [replica] = members.replicas();
    if (replica === undefined) return;
    const watermark = new Watermark(epoch);
    const { rows, before, after } = await replica.runPositioned(addedProducts, [watermark.since]);
    if (members.epoch !== epoch || this.isLoaded) return;
    this.watermark = watermark;
    this.takeOver(this.index, productsIn(rows), { atLeast: before, atMost: after });
  }

  private async readPrimary(): Promise<void> {
    const { reads, members, metrics, logger } = this.parts;
    const { epoch } = members;
    const watermark = this.watermarkOf(epoch);
    const isAnew = watermark !== this.watermark;
    const asOfMs = performance.now();
    const { rows, ...bounds } = await outsideOfRequests(() =>
      reads.runPositioned(addedProducts, [watermark.since]),
    );
    // What a new primary has to say about an old one's transactions is of no use.
    if (members.epoch !== epoch) return this.readPrimary();
    const seen = seenIn(rows);
    if (seen === undefined) throw new Problem('no-primary');
    watermark.pass(seen);
    this.watermark = watermark;
    this.asOfMs = asOfMs;
    this.takeOver(isAnew ? new ProductIndex() : this.index, productsIn(rows), bounds);
    metrics.searchIndexReadAt.setToCurrentTime();
    if (isAnew) logger.info({ products: this.index.size, epoch }, 'the index was built from the products');
  }

  /** One that is good in this epoch. */
  private watermarkOf(epoch: number): Watermark {
    return this.watermark?.epoch === epoch ? this.watermark : new Watermark(epoch);
  }

  private takeOver(
    index: ProductIndex,
    products: Parameters<ProductIndex['add']>[0],
    { atLeast, atMost }: { readonly atLeast: Position; readonly atMost: Position },
  ): void {
    const before = index.size;
    index.add(products);
    if (index !== this.index || index.size > before) this.newest = later(this.newest, atMost);
    this.index = index;
    this.position = atLeast;
    const { searchIndexProducts, searchIndexPosition } = this.parts.metrics;
    searchIndexProducts.set(index.size);
    searchIndexPosition.set({ epoch: String(atLeast.epoch) }, Number(atLeast.lsn));
  }
}

/** @throws Problem `upstream-unavailable` when `work` takes longer than a request waits */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = new AbortController();
  const limit = delay(mostCatchUpMs, undefined, { signal: late.signal }).then(() => {
    throw new Problem('upstream-unavailable', 'The index of products could not catch up in time');
  });
  limit.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    late.abort();
  }
}
