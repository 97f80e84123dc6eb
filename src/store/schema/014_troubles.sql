-- Attempts in a row that trouble of the node ended (disk, descriptors, memory), which are no attempts of the job's: how
-- many, since when, and when the last one ended.
ALTER TABLE job ADD COLUMN troubles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN trouble_since INTEGER;
ALTER TABLE job ADD COLUMN trouble_at INTEGER;
