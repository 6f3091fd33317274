import type { ProtocolName } from '../config/process-config.js';
import { hasSqlState, sqlState, type Database, type Session, type Statement } from '../postgres/database.js';
import { type Answer, done, doneBefore } from './answer.js';
import type { BranchAction, BranchHandler, BranchKey } from './branch-handler.js';

/** What a vote is asked for. */
export interface Ballot {
  readonly key: BranchKey;
  readonly action: BranchAction;
  readonly handler: BranchHandler;
  readonly attempt: number;
}

/** How long a first attempt may wait for a lock before it is looked whether it waits for its own. */
const suspiciousWaitMs = 200;

const findPrepared: Statement<unknown> = {
  name: 'find-prepared',
  text: 'SELECT 1 FROM pg_prepared_xacts WHERE gid = $1 AND database = current_database()',
};

const mostPrepared: Statement<{ most: string }> = {
  name: 'most-prepared',
  text: "SELECT current_setting('max_prepared_transactions') AS most",
};

/** A vote where the server takes no prepared transactions, whoever asks. */
const switchedOff: Answer = {
  type: 'refused',
  code: 'prepared-transactions-off',
  did: 'refused prepared-transactions-off',
};

/** The protocols whose votes are prepared transactions. */
const preparing: ReadonlySet<ProtocolName> = new Set(['2pc', '3pc']);

/**
 * @param protocol of orders that name none
 * @throws Error with what to change, when the database cannot carry that protocol out
 */
export async function requirePreparedTransactions(database: Database, protocol: ProtocolName): Promise<void> {
  if (!preparing.has(protocol)) return;
  const [row] = await database.run(mostPrepared, []);
  if (row?.most !== '0') return;
  throw new Error(
    `orders.protocol is ${protocol}, but the database server has prepared transactions off: ` +
      'set max_prepared_transactions to three for each order under way (256 for example) and restart it, ' +
      'or choose another protocol (saga, tcc)',
  );
}

/** Votes and decisions as prepared transactions (PREPARE TRANSACTION) of one database. */
export class PreparedTransactions {
  constructor(private readonly database: Database) {}

  /**
   * Votes: yes is durable before it is said.
   *
   * @param objection runs in the same transaction after the work; a code refuses, and nothing is done
   */
  async prepare(
    name: string,
    { key, action, handler, attempt }: Ballot,
    objection?: (session: Session) => Promise<string | undefined>,
  ): Promise<Answer> {
    // What was prepared holds its own fence row locked: running it again would wait for itself.
    if (attempt > 1 && (await this.exists(name))) return doneBefore;
    const waiting = new AbortController();
    try {
      return await this.database.session(async (session) => {
        const work = Promise.all([
          session.command('BEGIN'),
          handler.apply(session, key, action),
          objection?.(session),
        ]);
        const [, applied, objected] = await Promise.race([work, this.preparedBefore(name, waiting.signal)]);
        waiting.abort();
        if (objected !== undefined) {
          await session.command('ROLLBACK');
          return { type: 'refused', code: objected };
        }
        if (applied.result === 'refused' || !applied.fresh) {
          await session.command('COMMIT');
          if (applied.result === 'applied') return doneBefore;
          return { type: 'refused', code: applied.code, did: `refused ${applied.code}` };
        }
        const tag = await session.command(`PREPARE TRANSACTION '${name}'`);
        // In a transaction that has failed, PREPARE TRANSACTION rolls back and reports no error but this tag.
        if (tag !== 'PREPARE') throw new Error(`PREPARE TRANSACTION answered ${tag}`);
        return done('prepared', true);
      });
    } catch (error) {
      if (error instanceof PreparedBefore) return doneBefore;
      if (hasSqlState(error, sqlState.objectNotInPrerequisiteState)) return switchedOff;
      throw error;
    } finally {
      waiting.abort();
    }
  }

  /** False when no prepared transaction of that name exists. */
  commit(name: string): Promise<boolean> {
    return this.end('commit-prepared', `COMMIT PREPARED '${name}'`);
  }

  rollback(name: string): Promise<boolean> {
    return this.end('rollback-prepared', `ROLLBACK PREPARED '${name}'`);
  }

  async exists(name: string): Promise<boolean> {
    return (await this.database.run(findPrepared, [name])).length > 0;
  }

  private async end(metric: string, command: string): Promise<boolean> {
    try {
      await this.database.command(metric, command);
      return true;
    } catch (error) {
      if (hasSqlState(error, sqlState.undefinedObject)) return false;
      throw error;
    }
  }

  /**
   * Throws when the work has waited for long and the branch turns out to be prepared: a caller that has lost its memory
   * starts from attempt 1. The connection that waits is closed with it.
   */
  private preparedBefore(name: string, over: AbortSignal): Promise<never> {
    return new Promise((_resolve, reject) => {
      const timer = setTimeout(() => {
        this.exists(name).then(
          (exists) => {
            if (exists && !over.aborted) reject(new PreparedBefore());
          },
          () => undefined,
        );
      }, suspiciousWaitMs);
      over.addEventListener('abort', () => clearTimeout(timer), { once: true });
    });
  }
}

class PreparedBefore extends Error {}
