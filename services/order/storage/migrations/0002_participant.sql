-- Up Migration

-- 3PC: what is remembered besides the prepared transaction. The first row of a branch counts: of several copies of
-- the service, one decides.
CREATE TABLE orders.three_phase (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  state text NOT NULL CHECK (state IN ('pre-committed', 'committed', 'aborted')),
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gid, branch)
);

-- The highest term of a coordinator that this service has heard of.
CREATE TABLE orders.participant_term (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  term bigint NOT NULL
);
INSERT INTO orders.participant_term (term) VALUES (0);
