-- What status and lists tell (store/overview), so that it costs the same however much waits.

-- When a delivery's attempt failed last, or was given up: updated_at also says when it was taken up again.
ALTER TABLE job ADD COLUMN error_at INTEGER;
UPDATE job SET error_at = updated_at WHERE kind = 'delivery' AND error != '';
CREATE TRIGGER delivery_fails AFTER UPDATE OF error ON job
    -- An operator's retry begins anew and leaves the words of what was.
    WHEN NEW.kind = 'delivery' AND NEW.error != '' AND NEW.state != 'discarded'
        AND (NEW.error != OLD.error OR NEW.attempt > 0) BEGIN
    UPDATE job SET error_at = NEW.updated_at WHERE id = NEW.id;
END;
CREATE INDEX job_failing ON job(lane, error_at) WHERE kind = 'delivery' AND error != '' AND state != 'discarded';

-- When a destination last took a result (its lane deliver/), and last said that it keeps one (commit/).
CREATE TABLE arrival (
    lane TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO arrival SELECT lane, max(updated_at) FROM job WHERE word IN ('delivered', 'committed') GROUP BY lane;
CREATE TRIGGER result_arrives AFTER UPDATE OF state, outcome ON job
    WHEN OLD.word != NEW.word AND NEW.word IN ('delivered', 'committed') BEGIN
    INSERT INTO arrival VALUES(NEW.lane, NEW.updated_at) ON CONFLICT(lane) DO UPDATE SET at = excluded.at;
END;

-- Models of which nothing leaves the node, as of the last start (jobs/shadow_results.h).
CREATE TABLE shadow_model (
    model TEXT PRIMARY KEY                  -- its key
) WITHOUT ROWID;

CREATE INDEX job_held_up ON job(lane) WHERE state = 'queued' AND troubles > 0;
