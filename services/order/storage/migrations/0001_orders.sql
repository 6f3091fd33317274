-- Up Migration

-- An order's row is also its branch's fence: PENDING has not been decided, the other two are final.
CREATE TABLE orders.orders (
  id uuid PRIMARY KEY,
  account_id uuid NOT NULL,
  idempotency_key text NOT NULL,
  request_hash text NOT NULL,
  protocol text NOT NULL,
  status text NOT NULL CHECK (status IN ('PENDING', 'CONFIRMED', 'REJECTED')),
  code text,
  -- [{sku, quantity, priceMinor?}]; prices and total are missing while inventory could not be asked.
  items jsonb NOT NULL,
  total_minor bigint,
  created_at timestamptz NOT NULL,
  UNIQUE (account_id, idempotency_key)
) WITH (fillfactor = 80);

CREATE INDEX orders_by_account ON orders.orders (account_id, id);
CREATE INDEX orders_pending ON orders.orders (id) WHERE status = 'PENDING';
