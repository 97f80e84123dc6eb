-- What lies on the disk, and what retention took off it (store/retention). A file that went leaves its row, so that what
-- is sent again is known; the rows of a study go later, all at once.
ALTER TABLE instance ADD COLUMN removed_at INTEGER;   -- when its file went; NULL: it is there
ALTER TABLE result ADD COLUMN removed_at INTEGER;     -- likewise
ALTER TABLE result ADD COLUMN bytes INTEGER;          -- of its file; NULL: nobody has looked yet
ALTER TABLE analysis ADD COLUMN bytes INTEGER;        -- of its artifact, likewise
ALTER TABLE study ADD COLUMN removed_at INTEGER;      -- when all of its files went; NULL: there are some
ALTER TABLE study ADD COLUMN held_at INTEGER;         -- an operator holds it: nothing of it goes; NULL: nobody does
ALTER TABLE study ADD COLUMN held_by TEXT NOT NULL DEFAULT '';
ALTER TABLE study ADD COLUMN held_for TEXT NOT NULL DEFAULT '';  -- the reason that was given
CREATE INDEX study_on_disk ON study(received_at, id) WHERE removed_at IS NULL;
CREATE INDEX study_removed ON study(removed_at, id) WHERE removed_at IS NOT NULL;
CREATE INDEX study_held ON study(held_at) WHERE held_at IS NOT NULL;
CREATE INDEX instance_replaced ON instance(id) WHERE removed_at IS NULL AND state = 'superseded';
CREATE INDEX analysis_not_measured ON analysis(id) WHERE bytes IS NULL AND artifact != '';
CREATE INDEX result_not_measured ON result(id) WHERE bytes IS NULL AND removed_at IS NULL;

-- Files that nothing names any more, until they are gone: what a crash leaves here the next start removes.
CREATE TABLE removal (
    id INTEGER PRIMARY KEY,
    study_id INTEGER NOT NULL,
    folder TEXT NOT NULL,                   -- spool | analyses | results
    file TEXT NOT NULL,
    UNIQUE (folder, file)
);
CREATE INDEX removal_study ON removal(study_id);

-- What is kept, so that nothing is counted anew however much there is.
CREATE TABLE stored_total (
    kind TEXT PRIMARY KEY,                  -- objects | analyses | results
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO stored_total SELECT 'objects', count(*), coalesce(sum(size), 0) FROM instance;
INSERT INTO stored_total VALUES('analyses', 0, 0), ('results', 0, 0);

CREATE TRIGGER object_comes AFTER INSERT ON instance BEGIN
    UPDATE stored_total SET files = files + 1, bytes = bytes + NEW.size WHERE kind = 'objects';
    UPDATE study SET removed_at = NULL WHERE id = NEW.study_id AND removed_at IS NOT NULL;
END;
CREATE TRIGGER object_changes AFTER UPDATE OF size, removed_at ON instance BEGIN
    UPDATE stored_total SET files = files + (NEW.removed_at IS NULL) - (OLD.removed_at IS NULL),
        bytes = bytes + iif(NEW.removed_at IS NULL, NEW.size, 0) - iif(OLD.removed_at IS NULL, OLD.size, 0)
        WHERE kind = 'objects';
END;
CREATE TRIGGER object_comes_again AFTER UPDATE OF file ON instance
    WHEN OLD.removed_at IS NOT NULL AND NEW.file != OLD.file BEGIN
    UPDATE instance SET removed_at = NULL WHERE id = NEW.id;
    UPDATE study SET removed_at = NULL WHERE id = NEW.study_id AND removed_at IS NOT NULL;
END;
CREATE TRIGGER object_goes AFTER DELETE ON instance WHEN OLD.removed_at IS NULL BEGIN
    UPDATE stored_total SET files = files - 1, bytes = bytes - OLD.size WHERE kind = 'objects';
END;

-- The artifact of an analysis that is made anew has another name, and the one before is of no use.
CREATE TRIGGER artifact_changes AFTER UPDATE OF artifact ON analysis
    WHEN coalesce(NEW.artifact, '') != coalesce(OLD.artifact, '') BEGIN
    UPDATE analysis SET bytes = NULL WHERE id = NEW.id;
    INSERT OR IGNORE INTO removal(study_id, folder, file)
        SELECT study_id, 'analyses', OLD.artifact FROM instance
        WHERE instance.id = NEW.instance_id AND coalesce(OLD.artifact, '') != '';
END;
CREATE TRIGGER artifact_is_measured AFTER UPDATE OF bytes ON analysis BEGIN
    UPDATE stored_total SET files = files + (NEW.bytes IS NOT NULL) - (OLD.bytes IS NOT NULL),
        bytes = bytes + coalesce(NEW.bytes, 0) - coalesce(OLD.bytes, 0) WHERE kind = 'analyses';
END;
CREATE TRIGGER artifact_goes AFTER DELETE ON analysis WHEN OLD.bytes IS NOT NULL BEGIN
    UPDATE stored_total SET files = files - 1, bytes = bytes - OLD.bytes WHERE kind = 'analyses';
END;
CREATE TRIGGER result_is_measured AFTER UPDATE OF bytes ON result BEGIN
    UPDATE stored_total SET files = files + (NEW.bytes IS NOT NULL) - (OLD.bytes IS NOT NULL),
        bytes = bytes + coalesce(NEW.bytes, 0) - coalesce(OLD.bytes, 0) WHERE kind = 'results';
END;
CREATE TRIGGER result_goes AFTER DELETE ON result WHEN OLD.bytes IS NOT NULL BEGIN
    UPDATE stored_total SET files = files - 1, bytes = bytes - OLD.bytes WHERE kind = 'results';
END;

-- What retention found when it looked last.
CREATE TABLE retention (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    looked_at INTEGER,                      -- NULL: never
    budget INTEGER,                         -- bytes, as it was then; NULL: none
    over_since INTEGER                      -- the budget is exceeded by what must not go yet; NULL: it is not
);
INSERT INTO retention(id) VALUES(1);
