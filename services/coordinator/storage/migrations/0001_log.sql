-- Up Migration

-- The transaction log. A transaction has at most one record of each kind; one without an end record is open.
CREATE TABLE coordinator.log (
  gid uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('begin', 'commit', 'abort', 'end')),
  -- begin: {protocol, branches}; abort: {code}.
  body jsonb,
  logged_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (gid, kind)
);
