-- Up Migration

-- TCC: money that is promised but has not been taken yet. It still belongs to the balance, and is no longer available.
ALTER TABLE account.accounts ADD COLUMN held_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE account.accounts ADD CHECK (held_minor BETWEEN 0 AND balance_minor);

-- Each promise; it is gone when it was confirmed or cancelled.
CREATE TABLE account.holds (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  account_id uuid NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gid, branch)
);

ALTER TABLE account.fence DROP CONSTRAINT fence_state_check;
ALTER TABLE account.fence ADD CHECK (state IN ('applied', 'refused', 'cancelled', 'tried', 'confirmed'));

-- 3PC: what is remembered besides the prepared transaction. The first row of a branch counts: of several copies of
-- the service, one decides.
CREATE TABLE account.three_phase (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  state text NOT NULL CHECK (state IN ('pre-committed', 'committed', 'aborted')),
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gid, branch)
);

-- The highest term of a coordinator that this service has heard of.
CREATE TABLE account.participant_term (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  term bigint NOT NULL
);
INSERT INTO account.participant_term (term) VALUES (0);
