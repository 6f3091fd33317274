import type { ProductPage } from '#platform/catalogue/products.js';
import { Tokens } from '#platform/auth/tokens.js';
import { Reads } from '#platform/consistency/reads.js';
import { SessionTokens } from '#platform/consistency/session-token.js';
import { Sessions } from '#platform/consistency/sessions.js';
import { Problem } from '#platform/errors/problem.js';
import { runInScope } from '#platform/logging/correlation.js';
import type { Database } from '#platform/postgres/database.js';
import { startPosition } from '#platform/postgres/position.js';
import { searchProducts } from '#services/search/domain/search-products.js';
import { IndexFollower } from '#services/search/storage/index-follower.js';
import { PostgresProducts } from '#services/search/storage/stored-products.js';
import { byLabel } from './cache-for-test.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

const key = 'k'.repeat(64);
const sessionTokens = new SessionTokens(key);

interface Asked {
  /** Part of a name or sku. */
  readonly query: string;
  readonly page?: number;
  readonly pageSize?: number;
  /** X-Consistency */
  readonly consistency?: string;
  /** X-Session */
  readonly session?: string;
}

interface Answered extends ProductPage {
  readonly skus: readonly string[];
  readonly headers: Record<string, string>;
}

/** The search of one process over a real database. It reads nothing by itself: only when a request demands it. */
export class SearchForTest {
  private readonly sessions: Sessions;
  private readonly index: IndexFollower;
  private readonly products: PostgresProducts;
  private readonly metrics = newMetricsForTest();

  constructor(private readonly database: Database) {
    const replicated = database.members.replicas().length > 0;
    const consistency = {
      level: 'read-your-writes',
      readYourWrites: 'token',
      windowMs: 60_000,
      waitMs: 100,
      replicated,
    } as const;
    const { metrics } = this;
    this.sessions = new Sessions(database, consistency, sessionTokens, new Tokens(key));
    const reads = new Reads(database, consistency, metrics);
    this.index = new IndexFollower({ reads, members: database.members, metrics, logger: silent });
    this.products = new PostgresProducts(reads);
  }

  /** As a request that comes in. @throws Problem */
  async find({ query, page = 1, pageSize = 100, consistency, session }: Asked): Promise<Answered> {
    const reading = this.sessions.begin({ consistency, session, bearer: undefined });
    await this.sessions.check(reading);
    const found = await runInScope({ correlationId: 'test', reading }, () =>
      searchProducts(this.index, this.products, { query, page, pageSize }),
    );
    const headers = await this.sessions.headersOf(reading, false);
    return { ...found, skus: found.items.map(({ sku }) => sku), headers };
  }

  /** The code of the problem that it ends with. */
  async refusalOf(asked: Asked): Promise<string> {
    return this.find(asked).then(
      () => 'answered',
      (error: unknown) => (error instanceof Problem ? error.code : String(error)),
    );
  }

  /** The token of a client that has just written something, which the database's log holds. */
  async sessionAfterWrite(): Promise<string> {
    const written = await this.database.position();
    return sessionTokens.issue({ account: undefined, written, seen: startPosition, wroteAtMs: Date.now() });
  }

  /** How often requests had the index catch up, by where. */
  catchUps(): Promise<Record<string, number>> {
    return byLabel(this.metrics.searchCatchUps, 'from');
  }

  /** From now on it reads by itself, as the process does. */
  start(): Promise<void> {
    return this.index.start();
  }

  close(): void {
    this.index.close();
  }
}
