import { contextNames, type ContextName } from '../config/database-config.js';
import type { ConsistencyConfig, ProcessConfig } from '../config/process-config.js';
import { Reads } from '../consistency/reads.js';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import { Database } from '../postgres/database.js';

/** A database, and how requests read from it. */
export interface Store {
  readonly database: Database;
  readonly reads: Reads;
}

/**
 * The databases of a process, by the context whose data they keep. Contexts that share a database share its store. All are in one
 * cluster, so that a place in its log covers them all; but each is watched by itself, since a role may end only waits of its own.
 */
export class ContextDatabases {
  /** Of the process as a whole: whether it may write, and where the log is. */
  readonly first: Store;
  /** Each database once. */
  readonly all: readonly Database[];

  /** @param stores of a context, in the order of its shards */
  constructor(private readonly stores: ReadonlyMap<ContextName, readonly Store[]>) {
    const [first] = [...stores.values()].flat();
    if (first === undefined) throw new Error('A process that keeps nothing has no databases');
    this.first = first;
    this.all = [...new Set([...stores.values()].flat().map(({ database }) => database))];
  }

  get account(): Store {
    return this.onlyOf('account');
  }

  get inventory(): Store {
    return this.onlyOf('inventory');
  }

  /** One or more: an account's orders are in one of them. */
  get orders(): readonly Store[] {
    return this.shardsOf('orders');
  }

  /** @throws Error when nothing of the context is kept here */
  shardsOf(context: ContextName): readonly Store[] {
    const stores = this.stores.get(context);
    if (stores === undefined)
      throw new Error(`TRISTATE_DATABASE_CONTEXTS names no database of ${context}, whose data is kept here`);
    return stores;
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((database) => database.close()));
  }

  private onlyOf(context: ContextName): Store {
    const [store, ...others] = this.shardsOf(context);
    if (store === undefined || others.length > 0) throw new Error(`${context} has one database, not several`);
    return store;
  }
}

/** Opens what the configuration names; undefined in a process that stores nothing. */
export function openContextDatabases(
  config: Pick<ProcessConfig, 'database' | 'contexts' | 'name'>,
  consistency: ConsistencyConfig & { readonly replicated: boolean },
  metrics: Metrics,
  logger: Logger,
): ContextDatabases | undefined {
  const { database: only, contexts, name } = config;
  if (only === undefined) return undefined;
  const open = (one: typeof only): Store => {
    const database = new Database(one, name, metrics, logger);
    return { database, reads: new Reads(database, consistency, metrics) };
  };
  if (contexts === undefined) {
    const stores = [open(only)];
    return new ContextDatabases(new Map(contextNames.map((context) => [context, stores])));
  }
  return new ContextDatabases(
    new Map(
      contextNames.flatMap((context) => {
        const configs = contexts[context];
        return configs === undefined ? [] : [[context, configs.map(open)] as const];
      }),
    ),
  );
}

/** The databases of a process that cannot do without. */
export function requireDatabases(databases: ContextDatabases | undefined): ContextDatabases {
  if (databases === undefined)
    throw new Error('TRISTATE_DATABASE_URL is missing: this service keeps its data in PostgreSQL');
  return databases;
}
