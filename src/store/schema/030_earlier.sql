-- What the journal of facts tells of the results of an earlier database, beyond that they arrived (016_earlier.sql). A row
-- goes once this database has one of its own for the same.
ALTER TABLE earlier_result ADD COLUMN number INTEGER NOT NULL DEFAULT 0;  -- in which order they were composed
UPDATE study SET received_at = created_at WHERE received_at IS NULL;  -- a study that the journal alone knows
DELETE FROM earlier_result WHERE sop_instance_uid IN (SELECT sop_instance_uid FROM result);
ALTER TABLE earlier_delivery ADD COLUMN state TEXT NOT NULL DEFAULT 'delivered';  -- delivered | committed | resent (it waits again) | discarded
ALTER TABLE earlier_delivery ADD COLUMN tried INTEGER NOT NULL DEFAULT 1;  -- 0: it was discarded before anything was sent
