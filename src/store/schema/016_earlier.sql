-- What the journal of facts tells of an earlier database, which was lost (recovery/earlier_life.h). Empty in one that was
-- not rebuilt.
-- Objects in the spool as they were received; also those of this life whose files were found to be others since.
CREATE TABLE earlier_object (
    file TEXT PRIMARY KEY,                  -- within the spool
    dataset_sha256 TEXT NOT NULL,
    received_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE earlier_result (
    sop_instance_uid TEXT PRIMARY KEY,
    study_instance_uid TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sop_class_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    file TEXT NOT NULL,                     -- within data_dir/results
    sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX earlier_result_study ON earlier_result(study_instance_uid, model);

CREATE TABLE earlier_delivery (
    sop_instance_uid TEXT NOT NULL,
    destination TEXT NOT NULL,
    delivered_at INTEGER NOT NULL,
    PRIMARY KEY (sop_instance_uid, destination)
) WITHOUT ROWID;

CREATE TABLE earlier_study (
    study_instance_uid TEXT PRIMARY KEY,
    version INTEGER NOT NULL DEFAULT 0,     -- the last that was opened
    images_sha256 TEXT NOT NULL DEFAULT ''  -- of what that was of
) WITHOUT ROWID;
