-- Objects that were not taken on receipt, so that an operator finds them by study or accession number. What is known of
-- them is what the head of their data set said; any of it may be missing or wrong. Bounded: see refused_instances.cpp.
CREATE TABLE refused_instance (
    id INTEGER PRIMARY KEY,
    sop_instance_uid TEXT NOT NULL,
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
    UNIQUE (sop_instance_uid, study_instance_uid, error_code, calling_ae, peer)
);
CREATE INDEX refused_instance_study ON refused_instance(study_instance_uid);
CREATE INDEX refused_instance_accession ON refused_instance(accession_number);
CREATE INDEX refused_instance_peer ON refused_instance(peer, last_at);
CREATE INDEX refused_instance_last ON refused_instance(last_at);
