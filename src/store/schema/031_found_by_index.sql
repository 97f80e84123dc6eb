-- What a list, a start and a request for commitment look for, so that each costs what it finds, however much there is.

-- Newest first, as jobs are listed; those of the states that few jobs are in, apart.
CREATE INDEX job_created ON job(created_at DESC, subject DESC);
CREATE INDEX job_set_aside ON job(lane, created_at) WHERE state = 'set_aside';
CREATE INDEX job_discarded ON job(created_at DESC, subject DESC) WHERE state = 'discarded';
CREATE INDEX job_not_analysed ON job(created_at DESC, subject DESC) WHERE outcome = 'not_analysed';
CREATE INDEX instance_prior ON instance(received_at DESC, id DESC) WHERE state = 'prior';
CREATE INDEX study_withdrawn ON study(id) WHERE withdrawn_at IS NOT NULL;
CREATE INDEX report_withdrawn ON report(study_id) WHERE withdrawn != 0;

-- Rows that are damaged (jobs/damaged_rows.cpp says the same words). Where a page was damaged under SQLite, the running check
-- of the database misses the row here.
CREATE INDEX job_in_no_state ON job(id) WHERE state NOT IN ('queued', 'running', 'done', 'set_aside', 'discarded')
    OR typeof(due) != 'integer' OR typeof(attempt) != 'integer';
CREATE INDEX instance_in_no_state ON instance(id) WHERE state NOT IN ('to_analyse', 'prior', 'kept', 'superseded');

-- A Hilum before did not tell which commitments were given up from those whose result is sent again.
UPDATE job SET outcome = 'expired' WHERE state = 'set_aside' AND lane LIKE 'commit/%' AND outcome = 'failed'
    AND EXISTS (SELECT 1 FROM job AS sent WHERE sent.lane = 'deliver/' || job.queue AND sent.subject = job.subject
                AND sent.state = 'done');
UPDATE job SET state = 'discarded' WHERE state = 'set_aside' AND lane LIKE 'commit/%' AND outcome = 'failed';
