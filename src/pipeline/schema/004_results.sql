-- Storage Commitment (PS3.4 annex J): whether a destination said that it keeps what it was sent.
ALTER TABLE delivery ADD COLUMN commitment TEXT NOT NULL DEFAULT '';  -- '' (none) | wanted | requested | committed | failed
ALTER TABLE delivery ADD COLUMN commitment_at INTEGER;  -- wanted, requested: when to ask; committed, failed: since when
ALTER TABLE delivery ADD COLUMN commitment_transaction TEXT NOT NULL DEFAULT '';  -- UID of the last request
CREATE INDEX delivery_commitment ON delivery(destination, commitment_at) WHERE commitment IN ('wanted', 'requested');

-- A request for commitment; which instances it was of is told by the report itself.
CREATE TABLE commitment (
    transaction_uid TEXT PRIMARY KEY,
    destination TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    reported_at INTEGER                     -- NULL: not yet
) WITHOUT ROWID;

-- An operator took a study's results back.
ALTER TABLE study ADD COLUMN withdrawn_at INTEGER;                    -- NULL: they stand, or it is reported anew
ALTER TABLE study ADD COLUMN withdrawals INTEGER NOT NULL DEFAULT 0;  -- how often
ALTER TABLE report ADD COLUMN kind TEXT NOT NULL DEFAULT 'results';   -- results | withdrawal
ALTER TABLE report ADD COLUMN detail TEXT NOT NULL DEFAULT '';        -- of a withdrawal: JSON, reason and note
ALTER TABLE report ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;   -- the version that took its results back; 0: they stand
