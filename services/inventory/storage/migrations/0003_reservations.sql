-- Up Migration

-- TCC: what is put aside for an order that may still be cancelled; products.reserved is its sum. A row is gone when
-- the order was confirmed or cancelled.
CREATE TABLE inventory.reservations (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  sku text NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gid, branch, sku)
);

ALTER TABLE inventory.fence DROP CONSTRAINT fence_state_check;
ALTER TABLE inventory.fence ADD CHECK (state IN ('applied', 'refused', 'cancelled', 'tried', 'confirmed'));

-- 3PC: what is remembered besides the prepared transaction. The first row of a branch counts: of several copies of
-- the service, one decides.
CREATE TABLE inventory.three_phase (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  state text NOT NULL CHECK (state IN ('pre-committed', 'committed', 'aborted')),
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gid, branch)
);

-- The highest term of a coordinator that this service has heard of.
CREATE TABLE inventory.participant_term (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  term bigint NOT NULL
);
INSERT INTO inventory.participant_term (term) VALUES (0);
