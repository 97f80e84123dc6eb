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
