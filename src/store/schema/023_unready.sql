-- A study that is due while its images are still being analysed is looked at once, and again when one of its analyses ends
-- or an image counts no more: thousands that wait cost a claim of a report nothing. A start looks at all of them anew.
ALTER TABLE study ADD COLUMN unready INTEGER NOT NULL DEFAULT 0;  -- 1: seen to be so, and nothing has ended since
CREATE INDEX study_to_open ON study(due_at) WHERE due_at IS NOT NULL AND unready = 0;
CREATE INDEX study_unready ON study(id) WHERE unready = 1;
CREATE TRIGGER analysis_ends AFTER UPDATE OF state ON job
    WHEN NEW.kind = 'analysis' AND NEW.state NOT IN ('queued', 'running') BEGIN
    UPDATE study SET unready = 0 WHERE id = NEW.study_id AND unready = 1;
END;
CREATE TRIGGER image_counts_no_more AFTER UPDATE OF state ON instance WHEN NEW.state != 'to_analyse' BEGIN
    UPDATE study SET unready = 0 WHERE id = NEW.study_id AND unready = 1;
END;
