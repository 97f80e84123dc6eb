-- In which order what goes to a destination is claimed (jobs/delivery_order.h): first attempts as in job_order, and what is
-- tried again by when it is due, the first attempts of what is urgent before.
CREATE INDEX job_first_attempt ON job(lane, urgent DESC, study_id, id, due)
    WHERE state = 'queued' AND kind = 'delivery' AND attempt = 0;
CREATE INDEX job_tried ON job(lane, urgent * (attempt < 8) DESC, due, id)
    WHERE state = 'queued' AND kind = 'delivery' AND attempt > 0;

-- How often in a row the destination, asked whether it keeps it, said no: for a reason that passes, and because of the object.
ALTER TABLE delivery ADD COLUMN commitment_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN commitment_refusals INTEGER NOT NULL DEFAULT 0;

-- What is not sent any more is not asked for either.
CREATE TRIGGER delivery_discarded AFTER UPDATE OF state ON job WHEN NEW.kind = 'delivery' AND NEW.state = 'discarded' BEGIN
    UPDATE job SET state = 'discarded', outcome = '' WHERE lane = 'commit/' || NEW.queue AND subject = NEW.subject
        AND state IN ('queued', 'set_aside');
END;
