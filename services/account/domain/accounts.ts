export interface Account {
  /** A UUIDv7. */
  readonly id: string;
  readonly owner: string;
  readonly passwordHash: string;
  readonly balanceMinor: number;
}

export interface NewAccount {
  readonly id: string;
  readonly owner: string;
  readonly passwordHash: string;
  readonly openingBalanceMinor: number;
}

/** Where accounts are kept. */
export interface Accounts {
  add(account: NewAccount): Promise<'added' | 'owner-taken'>;
  byId(id: string): Promise<Account | undefined>;
  byOwner(owner: string): Promise<Account | undefined>;
}
