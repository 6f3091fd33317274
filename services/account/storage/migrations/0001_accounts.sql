-- Up Migration

CREATE TABLE account.accounts (
  id uuid PRIMARY KEY,
  owner text NOT NULL UNIQUE,
  password_hash text NOT NULL,
  opening_balance_minor bigint NOT NULL CHECK (opening_balance_minor >= 0),
  balance_minor bigint NOT NULL CHECK (balance_minor >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);

-- What each transaction took from an account, and gave back. Rows are only ever added.
CREATE TABLE account.entries (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('debit', 'refund')),
  account_id uuid NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
  PRIMARY KEY (gid, branch, kind)
);

-- What the participant remembers of each branch, so that a repeated message has one effect.
CREATE TABLE account.fence (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  state text NOT NULL CHECK (state IN ('applied', 'refused', 'cancelled')),
  code text,
  PRIMARY KEY (gid, branch)
);
