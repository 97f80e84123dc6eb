-- The wall clock as the node knows it, so that deadlines survive that somebody sets it.
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seen_at INTEGER NOT NULL,               -- when the node last ran; 0: never
    set_at INTEGER,                         -- when it was last seen to have been set, by that clock; NULL: never
    set_by INTEGER NOT NULL DEFAULT 0       -- by how many microseconds; positive: ahead
);
INSERT INTO clock(id, seen_at) SELECT 1, coalesce((SELECT at FROM audit_event ORDER BY id DESC LIMIT 1), 0);

-- Microseconds since created_at that give_up_after does not count, for the node did not run.
ALTER TABLE delivery ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;

-- What is not finished, the oldest first: few rows, however many are.
CREATE INDEX analysis_unfinished ON analysis(created_at) WHERE state IN ('queued', 'running');
CREATE INDEX report_unfinished ON report(created_at) WHERE state IN ('queued', 'running');
CREATE INDEX delivery_unfinished ON delivery(destination, created_at) WHERE state IN ('queued', 'running');

-- The newest instance that the report is of; what came later belongs to the next version, whatever the clock said.
ALTER TABLE report ADD COLUMN last_instance INTEGER;                  -- NULL of a withdrawal
UPDATE report SET last_instance = (SELECT max(id) FROM instance WHERE study_id = report.study_id
                                   AND received_at <= report.created_at) WHERE kind = 'results';
