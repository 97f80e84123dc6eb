-- What an operator said of a destination; one without a row was never paused.
CREATE TABLE destination (
    name TEXT PRIMARY KEY,
    paused_at INTEGER,                      -- NULL: it is not
    paused_by TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- How often the destination blamed the object itself; after some times it is asked no more.
ALTER TABLE delivery ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
