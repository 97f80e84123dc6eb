-- In which order jobs are claimed: urgent ones first, then by study, as those came. With `due`, so that what waits for a
-- later time is passed over within the index.
CREATE INDEX job_order ON job(lane, urgent DESC, study_id, id, due) WHERE state = 'queued';
