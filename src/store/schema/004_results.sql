-- Storage Commitment (PS3.4 annex J): whether a destination said that it keeps what it was sent.
ALTER TABLE delivery ADD COLUMN commitment TEXT NOT NULL DEFAULT '';  -- '' (none) | wanted | requested | committed | failed
ALTER TABLE delivery ADD COLUMN commitment_at INTEGER;  -- wanted, requested: when to ask; committed, failed: since when
ALTER TABLE delivery ADD COLUMN commitment_transaction TEXT NOT NULL DEFAULT '';  -- UID of the last request
CREATE INDEX delivery_commitment ON delivery(destination, commitment_at) WHERE commitment IN ('wanted', 'requested');

-- A destination that was ever tried may have it, whatever became of later attempts.
ALTER TABLE delivery ADD COLUMN tried INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET tried = 1 WHERE attempts > 0;

-- A request for commitment; which instances it was of is told by the report itself.
CREATE TABLE commitment (
    transaction_uid TEXT PRIMARY KEY,
    destination TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    reported_at INTEGER                     -- NULL: not yet
) WITHOUT ROWID;

-- An operator took a study's results back.
ALTER TABLE study ADD COLUMN withdrawn_at INTEGER;                    -- NULL: they stand, or it is reported anew
ALTER TABLE study ADD COLUMN withdrawals INTEGER NOT NULL DEFAULT 0;  -- how often
ALTER TABLE report ADD COLUMN kind TEXT NOT NULL DEFAULT 'results';   -- results | withdrawal
ALTER TABLE report ADD COLUMN detail TEXT NOT NULL DEFAULT '';        -- of a withdrawal: JSON, reason and note
ALTER TABLE report ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;   -- the version that took its results back; 0: they stand

-- A study with an urgent finding (triage.urgent), and its jobs, which go before others.
ALTER TABLE study ADD COLUMN urgent_at INTEGER;                       -- NULL: it has none
ALTER TABLE analysis ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE report ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;

DROP INDEX analysis_queue;
DROP INDEX report_queue;
DROP INDEX delivery_queue;
CREATE INDEX analysis_queue ON analysis(model, urgent DESC, next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX report_queue ON report(urgent DESC, next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX delivery_queue ON delivery(destination, urgent DESC, next_attempt_at, id) WHERE state = 'queued';

CREATE TRIGGER study_becomes_urgent AFTER UPDATE OF urgent_at ON study WHEN OLD.urgent_at IS NULL BEGIN
    UPDATE analysis SET urgent = 1 WHERE instance_id IN (SELECT id FROM instance WHERE study_id = NEW.id);
    UPDATE report SET urgent = 1 WHERE study_id = NEW.id;
    UPDATE delivery SET urgent = 1 WHERE result_id IN
        (SELECT result.id FROM result JOIN report ON report.id = report_id WHERE study_id = NEW.id);
END;
CREATE TRIGGER analysis_of_urgent_study AFTER INSERT ON analysis
    WHEN (SELECT urgent_at FROM study JOIN instance ON study.id = study_id WHERE instance.id = NEW.instance_id) IS NOT NULL
BEGIN
    UPDATE analysis SET urgent = 1 WHERE id = NEW.id;
END;
CREATE TRIGGER report_of_urgent_study AFTER INSERT ON report
    WHEN (SELECT urgent_at FROM study WHERE id = NEW.study_id) IS NOT NULL
BEGIN
    UPDATE report SET urgent = 1 WHERE id = NEW.id;
END;
CREATE TRIGGER delivery_of_urgent_study AFTER INSERT ON delivery
    WHEN (SELECT urgent FROM report JOIN result ON report.id = report_id WHERE result.id = NEW.result_id) = 1
BEGIN
    UPDATE delivery SET urgent = 1 WHERE id = NEW.id;
END;
