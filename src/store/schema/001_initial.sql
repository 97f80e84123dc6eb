-- Times are microseconds since 1970 UTC. States are named in docs/architecture.md ("Job states").

CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    study_instance_uid TEXT NOT NULL UNIQUE,
    accession_number TEXT NOT NULL DEFAULT '',
    patient_id TEXT NOT NULL DEFAULT '',
    study_date TEXT NOT NULL DEFAULT '',
    first_pending_at INTEGER,               -- oldest arrival that no report covers yet
    last_arrival_at INTEGER,
    due_at INTEGER,                         -- when the report is due; NULL: nothing to report
    report_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
);
CREATE INDEX study_due ON study(due_at) WHERE due_at IS NOT NULL;
CREATE INDEX study_accession ON study(accession_number);

-- One version of one SOP instance. The same UID sent again with other bytes is another row.
CREATE TABLE instance (
    id INTEGER PRIMARY KEY,
    study_id INTEGER NOT NULL REFERENCES study(id),
    sop_instance_uid TEXT NOT NULL,
    sop_class_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    modality TEXT NOT NULL,
    file TEXT NOT NULL UNIQUE,              -- within the spool
    size INTEGER NOT NULL,
    dataset_sha256 TEXT NOT NULL,
    analysis_sha256 TEXT NOT NULL,
    calling_ae TEXT NOT NULL,
    peer TEXT NOT NULL,
    state TEXT NOT NULL,                    -- to_analyse | prior | kept (analysed as an older version) | superseded
    version INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    UNIQUE (sop_instance_uid, dataset_sha256)
);
CREATE INDEX instance_study ON instance(study_id);

-- A job: one instance under one model.
CREATE TABLE analysis (
    id INTEGER PRIMARY KEY,
    instance_id INTEGER NOT NULL REFERENCES instance(id),
    model TEXT NOT NULL,
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
    UNIQUE (instance_id, model)
);
CREATE INDEX analysis_queue ON analysis(model, next_attempt_at) WHERE state = 'queued';

-- A job: the results of one version of a study under one model.
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    study_id INTEGER NOT NULL REFERENCES study(id),
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,                    -- queued | running | composed | quarantined | discarded
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (study_id, model, version)
);
CREATE INDEX report_queue ON report(next_attempt_at) WHERE state = 'queued';

CREATE TABLE result (
    id INTEGER PRIMARY KEY,
    report_id INTEGER NOT NULL REFERENCES report(id),
    kind TEXT NOT NULL,                     -- sr | sc
    sop_class_uid TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL UNIQUE,
    series_instance_uid TEXT NOT NULL,
    transfer_syntax_uid TEXT NOT NULL,
    file TEXT NOT NULL,                     -- within data_dir/results
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX result_report ON result(report_id);

-- A job: one result to one destination.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    result_id INTEGER NOT NULL REFERENCES result(id),
    destination TEXT NOT NULL,
    state TEXT NOT NULL,                    -- queued | running | delivered | refused | expired | discarded
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    dimse_status INTEGER,
    error TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (result_id, destination)
);
CREATE INDEX delivery_queue ON delivery(destination, next_attempt_at) WHERE state = 'queued';

-- Append only; each row's hash covers it and the hash before it.
CREATE TABLE audit_event (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    outcome TEXT NOT NULL,                  -- success | failure
    actor TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    detail TEXT NOT NULL,                   -- JSON object
    hash TEXT NOT NULL
);
CREATE INDEX audit_event_study ON audit_event(study_instance_uid);

-- What /metrics counts; kept in the transaction of what it counts, so that no restart loses a count.
CREATE TABLE counter (
    name TEXT NOT NULL,
    labels TEXT NOT NULL,                   -- JSON object
    value INTEGER NOT NULL,
    PRIMARY KEY (name, labels)
) WITHOUT ROWID;
