-- Up Migration

-- Where a takeover begins to look for open transactions: of those that began before, all have ended. Without it a
-- takeover would read the whole log.
ALTER TABLE coordinator.log ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY;
CREATE INDEX log_begun ON coordinator.log (seq) WHERE kind = 'begin';
ALTER TABLE coordinator.leadership ADD COLUMN open_from bigint NOT NULL DEFAULT 0;
