-- How many of a job's attempts were interrupted: the node ended, or the lease passed. They say little of the job, so that they are
-- not counted with those that failed.
ALTER TABLE job ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;
