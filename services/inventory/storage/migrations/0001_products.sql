-- Up Migration

CREATE TABLE inventory.products (
  sku text PRIMARY KEY,
  name text NOT NULL,
  price_minor bigint NOT NULL CHECK (price_minor >= 0),
  initial integer NOT NULL CHECK (initial >= 0),
  available integer NOT NULL CHECK (available >= 0),
  reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  sold integer NOT NULL DEFAULT 0 CHECK (sold >= 0)
) WITH (fillfactor = 70);

-- What each transaction took out of stock, and gave back. Rows are only ever added.
CREATE TABLE inventory.movements (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('taken', 'returned')),
  sku text NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (gid, branch, kind, sku)
);

-- What the participant remembers of each branch, so that a repeated message has one effect.
CREATE TABLE inventory.fence (
  gid uuid NOT NULL,
  branch smallint NOT NULL,
  state text NOT NULL CHECK (state IN ('applied', 'refused', 'cancelled')),
  code text,
  PRIMARY KEY (gid, branch)
);
