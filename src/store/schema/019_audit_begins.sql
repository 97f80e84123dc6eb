-- Where the audit trail begins since its oldest events were removed (audit.keep): the digest of the last one of these, so
-- that the chain still holds. One row for each removal; an event "audit_removed" in the trail says the same.
CREATE TABLE audit_checkpoint (
    through INTEGER PRIMARY KEY,            -- the last event that was removed
    hash TEXT NOT NULL,                     -- its digest, which covers all before it
    last_at INTEGER NOT NULL,               -- when it happened
    removed_at INTEGER NOT NULL
);
