import {
  hasSqlState,
  sqlState,
  type Database,
  type Sql,
  type Statement,
} from '#platform/postgres/database.js';
import type { Account, Accounts, NewAccount } from '../domain/accounts.js';

interface AccountRow {
  id: string;
  owner: string;
  password_hash: string;
  balance_minor: number;
}

const insert: Statement<never> = {
  name: 'account-insert',
  text: `
    INSERT INTO account.accounts (id, owner, password_hash, opening_balance_minor, balance_minor)
    VALUES ($1, $2, $3, $4, $4)`,
};

const columns = 'id, owner, password_hash, balance_minor';
const findById: Statement<AccountRow> = {
  name: 'account-by-id',
  text: `SELECT ${columns} FROM account.accounts WHERE id = $1`,
};
const findByOwner: Statement<AccountRow> = {
  name: 'account-by-owner',
  text: `SELECT ${columns} FROM account.accounts WHERE owner = $1`,
};

/** Accounts in PostgreSQL. */
export class PostgresAccounts implements Accounts {
  /** @param reads answers what a user asks of the own account */
  constructor(
    private readonly database: Database,
    private readonly reads: Sql = database,
  ) {}

  async add(account: NewAccount): Promise<'added' | 'owner-taken'> {
    try {
      await this.database.run(insert, [
        account.id,
        account.owner,
        account.passwordHash,
        account.openingBalanceMinor,
      ]);
      return 'added';
    } catch (error) {
      if (hasSqlState(error, sqlState.uniqueViolation)) return 'owner-taken';
      throw error;
    }
  }

  async byId(id: string): Promise<Account | undefined> {
    return toAccount(await this.reads.run(findById, [id]));
  }

  /** For a login, which an old state answers better than nothing: while there is no primary, a replica does. */
  async byOwner(owner: string): Promise<Account | undefined> {
    const { members } = this.database;
    const [replica] = members.primaryName() === undefined ? members.replicas() : [];
    return toAccount(await (replica ?? this.database).run(findByOwner, [owner]));
  }
}

function toAccount([row]: AccountRow[]): Account | undefined {
  if (row === undefined) return undefined;
  return { id: row.id, owner: row.owner, passwordHash: row.password_hash, balanceMinor: row.balance_minor };
}
