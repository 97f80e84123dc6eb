-- Who sent objects of a study (jobs/callers.h): also what was known already, which makes no instance.
CREATE TABLE study_caller (
    study_instance_uid TEXT NOT NULL,       -- after a loss of the database it is known before the study is
    calling_ae TEXT NOT NULL,
    to_serve INTEGER NOT NULL DEFAULT 0,    -- 1: came after a report was opened, and its destinations were not looked at since
    PRIMARY KEY (study_instance_uid, calling_ae)
) WITHOUT ROWID;
INSERT INTO study_caller(study_instance_uid, calling_ae) SELECT DISTINCT study_instance_uid, calling_ae FROM instance
    JOIN study ON study.id = study_id WHERE calling_ae != '';
CREATE INDEX study_caller_to_serve ON study_caller(to_serve) WHERE to_serve = 1;
CREATE TRIGGER study_goes AFTER DELETE ON study BEGIN
    DELETE FROM study_caller WHERE study_instance_uid = OLD.study_instance_uid;
END;

-- The trace of an object that was refused has both its UIDs, the command's and the data set's: it is taken by either.
-- SQLite cannot change a UNIQUE constraint: the table is made anew.
CREATE TABLE refused_object (
    id INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL,         -- the command's, or the data set's where that has none
    dataset_sop_instance_uid TEXT NOT NULL, -- '': not known
    study_instance_uid TEXT NOT NULL,
    accession_number TEXT NOT NULL,
    sop_class_uid TEXT NOT NULL,
    calling_ae TEXT NOT NULL,
    peer TEXT NOT NULL,
    error_code TEXT NOT NULL,
    error TEXT NOT NULL,
    dimse_status INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,       -- that it was sent and refused so
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    UNIQUE (sop_instance_uid, dataset_sop_instance_uid, study_instance_uid, error_code, calling_ae, peer)
);
INSERT INTO refused_object SELECT id, sop_instance_uid, '', study_instance_uid, accession_number, sop_class_uid, calling_ae,
                                  peer, error_code, error, dimse_status, times, first_at, last_at FROM refused_instance;
DROP TABLE refused_instance;
ALTER TABLE refused_object RENAME TO refused_instance;
CREATE INDEX refused_instance_dataset ON refused_instance(dataset_sop_instance_uid);
CREATE INDEX refused_instance_study ON refused_instance(study_instance_uid);
CREATE INDEX refused_instance_accession ON refused_instance(accession_number);
CREATE INDEX refused_instance_peer ON refused_instance(peer, last_at);
CREATE INDEX refused_instance_last ON refused_instance(last_at);
