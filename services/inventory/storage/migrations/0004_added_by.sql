-- Up Migration

-- The transaction that added the product, by which the search finds what is new. Numbers of transactions are given before
-- the commit, so that a higher one may be seen first: with a snapshot it is known which of the lower ones had not ended.
-- No update of a product touches it, so that stock changes leave the index alone.
ALTER TABLE inventory.products ADD COLUMN added_by xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX products_added_by ON inventory.products (added_by);
