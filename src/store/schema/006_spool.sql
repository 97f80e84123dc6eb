-- Why an image is stored and not analysed (state prior), in words.
ALTER TABLE instance ADD COLUMN not_analysed TEXT NOT NULL DEFAULT '';
UPDATE instance SET not_analysed = 'Study Date ' || (SELECT study_date FROM study WHERE study.id = study_id)
    || ' was older than study.max_age' WHERE state = 'prior';

-- The names of this database's lives, oldest first; the folders beside it have the same (data_history.h).
CREATE TABLE generation (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    since INTEGER NOT NULL,
    reason TEXT NOT NULL                    -- first | created | older | foreign | unmarked; '' taken over from the folders
);

-- A start at which the spool held what no instance names.
CREATE TABLE spool_survey (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    unknown INTEGER NOT NULL,               -- whole files
    unfinished INTEGER NOT NULL,            -- that nobody held: removed
    adopted INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,  -- removed: identical data lie under another name
    set_aside INTEGER NOT NULL DEFAULT 0,
    postponed INTEGER NOT NULL DEFAULT 0,   -- could not be read for now; the next start tries again
    finished_at INTEGER                     -- NULL: under way, or cut off
);

CREATE TABLE set_aside (
    file TEXT PRIMARY KEY,                  -- within the spool
    code TEXT NOT NULL,
    error TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
