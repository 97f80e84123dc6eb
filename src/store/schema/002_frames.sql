-- An analysis is of one frame of an image. SQLite cannot change a UNIQUE constraint: the table is made anew.

CREATE TABLE analysis_of_frame (
    id INTEGER PRIMARY KEY,
    instance_id INTEGER NOT NULL REFERENCES instance(id),
    model TEXT NOT NULL,
    frame INTEGER NOT NULL DEFAULT 1,       -- from 1
    frames INTEGER NOT NULL DEFAULT 1,      -- of the image; 1 also: not counted, the outcome is of the whole image
    state TEXT NOT NULL,                    -- queued | running | analysed | not_analysed | quarantined | discarded
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    outcome TEXT,                           -- JSON of AnalysisOutcome
    artifact TEXT,                          -- file within data_dir/analyses
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (instance_id, model, frame)
);
INSERT INTO analysis_of_frame(id, instance_id, model, state, attempts, next_attempt_at, lease_until, error_code, error,
                              outcome, artifact, created_at, updated_at)
    SELECT id, instance_id, model, state, attempts, next_attempt_at, lease_until, error_code, error, outcome, artifact,
           created_at, updated_at FROM analysis;
DROP TABLE analysis;
ALTER TABLE analysis_of_frame RENAME TO analysis;
CREATE INDEX analysis_queue ON analysis(model, next_attempt_at) WHERE state = 'queued';
