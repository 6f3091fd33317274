-- Up Migration

-- Which coordinator is the active one: a single row. Each takeover begins a new term; nothing is logged under an
-- older one. `holder` is the name of its process, and null after it has given the term up.
CREATE TABLE coordinator.leadership (
  id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  term bigint NOT NULL,
  holder text,
  renewed_at timestamptz NOT NULL
);
INSERT INTO coordinator.leadership (term, holder, renewed_at) VALUES (0, NULL, '-infinity');

-- pre-commit and diverged: three-phase commit. undoing and repaired: the repair of what has diverged.
ALTER TABLE coordinator.log DROP CONSTRAINT log_kind_check;
ALTER TABLE coordinator.log ADD CONSTRAINT log_kind_check
  CHECK (kind IN ('begin', 'pre-commit', 'commit', 'abort', 'diverged', 'undoing', 'repaired', 'end'));

-- The term in which the record was written.
ALTER TABLE coordinator.log ADD COLUMN term bigint NOT NULL DEFAULT 0;
