-- One queue: whatever is to be done, whoever does it. A job is about a row of another table, its subject, and people
-- know it by its kind and the subject's number.
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    lane TEXT NOT NULL,                     -- analyse/MODEL | compose | deliver/DESTINATION | commit/DESTINATION
    subject INTEGER NOT NULL,               -- row of analysis | report | delivery | delivery
    study_id INTEGER NOT NULL REFERENCES study(id),
    state TEXT NOT NULL,                    -- queued | running | done | set_aside (an operator may retry it) | discarded
    outcome TEXT NOT NULL DEFAULT '',       -- of what is done or set aside, in the lane's words (jobs/states.h)
    urgent INTEGER NOT NULL DEFAULT 0,      -- 1: goes before others
    due INTEGER NOT NULL DEFAULT 0,         -- not to be taken up before
    attempt INTEGER NOT NULL DEFAULT 0,
    owner INTEGER,                          -- running: the life that works on it
    claim INTEGER,                          -- running: under which number it is worked on
    lease INTEGER,                          -- running: until when that counts
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    uncounted INTEGER NOT NULL DEFAULT 0,   -- microseconds since created_at that give_up_after does not count
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- What people and metrics call it.
    kind TEXT AS (CASE substr(lane, 1, 4) WHEN 'anal' THEN 'analysis' WHEN 'comp' THEN 'report'
                  WHEN 'deli' THEN 'delivery' ELSE 'commitment' END),
    queue TEXT AS (substr(lane, instr(lane || '/', '/') + 1)),  -- the model or destination
    word TEXT AS (iif(state IN ('done', 'set_aside'), outcome, state)),
    UNIQUE (lane, subject)
);

-- How often the node was started: the owner of what it claims. And the claims of all its lives: no number is given twice,
-- while a job that is queued anew counts its attempts from 1 again.
CREATE TABLE life (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    claims INTEGER NOT NULL
);
INSERT INTO life VALUES(1, 0, 0);

-- In the order in which each queue was.
INSERT INTO job(lane, subject, study_id, state, outcome, urgent, due, attempt, owner, lease, error_code, error,
                created_at, updated_at)
    SELECT 'analyse/' || model, analysis.id, study_id,
           CASE analysis.state WHEN 'analysed' THEN 'done' WHEN 'not_analysed' THEN 'done'
                               WHEN 'quarantined' THEN 'set_aside' ELSE analysis.state END,
           iif(analysis.state IN ('queued', 'running', 'discarded'), '', analysis.state), urgent, next_attempt_at,
           attempts, iif(analysis.state = 'running', 0, NULL),
           iif(analysis.state = 'running', coalesce(lease_until, 0), NULL), error_code, error, created_at, updated_at
    FROM analysis JOIN instance ON instance.id = instance_id ORDER BY analysis.id;
INSERT INTO job(lane, subject, study_id, state, outcome, urgent, due, attempt, owner, lease, error_code, error,
                created_at, updated_at)
    SELECT 'compose', id, study_id,
           CASE state WHEN 'composed' THEN 'done' WHEN 'quarantined' THEN 'set_aside' ELSE state END,
           iif(state IN ('queued', 'running', 'discarded'), '', state), urgent, next_attempt_at, attempts,
           iif(state = 'running', 0, NULL), iif(state = 'running', coalesce(lease_until, 0), NULL), error_code, error,
           created_at, updated_at
    FROM report ORDER BY id;
INSERT INTO job(lane, subject, study_id, state, outcome, urgent, due, attempt, owner, lease, error, uncounted,
                created_at, updated_at)
    SELECT 'deliver/' || destination, delivery.id, study_id,
           CASE delivery.state WHEN 'delivered' THEN 'done' WHEN 'refused' THEN 'set_aside'
                               WHEN 'expired' THEN 'set_aside' ELSE delivery.state END,
           iif(delivery.state IN ('queued', 'running', 'discarded'), '', delivery.state), delivery.urgent,
           delivery.next_attempt_at, delivery.attempts, iif(delivery.state = 'running', 0, NULL),
           iif(delivery.state = 'running', coalesce(delivery.lease_until, 0), NULL), delivery.error, uncounted,
           delivery.created_at, delivery.updated_at
    FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id = report_id ORDER BY delivery.id;
INSERT INTO job(lane, subject, study_id, state, outcome, urgent, due, attempt, uncounted, created_at, updated_at)
    SELECT 'commit/' || destination, delivery.id, study_id,
           CASE commitment WHEN 'committed' THEN 'done' WHEN 'failed' THEN 'set_aside' ELSE 'queued' END, commitment,
           delivery.urgent, coalesce(commitment_at, 0), iif(commitment_transaction = '', 0, 1), uncounted,
           delivery.created_at, delivery.updated_at
    FROM delivery JOIN result ON result.id = result_id JOIN report ON report.id = report_id
    WHERE commitment IN ('committed', 'failed') OR (commitment IN ('wanted', 'requested')
          AND delivery.state = 'delivered' AND withdrawn = 0) ORDER BY delivery.id;

CREATE INDEX job_queue ON job(lane, urgent DESC, due, id) WHERE state = 'queued';
CREATE INDEX job_lease ON job(lease) WHERE state = 'running';
CREATE INDEX job_unfinished ON job(lane, created_at) WHERE state IN ('queued', 'running');
CREATE INDEX job_study ON job(study_id);

-- How many jobs there are of each, for metrics: nothing is counted anew, however many there are.
CREATE TABLE job_total (
    lane TEXT NOT NULL,
    word TEXT NOT NULL,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (lane, word)
) WITHOUT ROWID;
INSERT INTO job_total SELECT lane, word, kind, queue, count(*) FROM job GROUP BY lane, word;

CREATE TRIGGER job_changes AFTER UPDATE OF state, outcome ON job WHEN OLD.word != NEW.word BEGIN
    UPDATE job_total SET jobs = jobs - 1 WHERE lane = OLD.lane AND word = OLD.word;
    INSERT INTO job_total VALUES(NEW.lane, NEW.word, NEW.kind, NEW.queue, 1)
        ON CONFLICT(lane, word) DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_goes AFTER DELETE ON job BEGIN
    UPDATE job_total SET jobs = jobs - 1 WHERE lane = OLD.lane AND word = OLD.word;
END;
CREATE TRIGGER job_comes AFTER INSERT ON job BEGIN
    INSERT INTO job_total VALUES(NEW.lane, NEW.word, NEW.kind, NEW.queue, 1)
        ON CONFLICT(lane, word) DO UPDATE SET jobs = jobs + 1;
    UPDATE job SET urgent = 1
        WHERE id = NEW.id AND (SELECT urgent_at FROM study WHERE id = NEW.study_id) IS NOT NULL;
END;

-- What jobs have now, the tables of their subjects lose. Those that others refer to are changed in place.
DROP TRIGGER study_becomes_urgent;
DROP TRIGGER analysis_of_urgent_study;
DROP TRIGGER report_of_urgent_study;
DROP TRIGGER delivery_of_urgent_study;
CREATE TRIGGER study_becomes_urgent AFTER UPDATE OF urgent_at ON study WHEN OLD.urgent_at IS NULL BEGIN
    UPDATE job SET urgent = 1 WHERE study_id = NEW.id;
END;

CREATE TABLE analysis_alone (
    id INTEGER PRIMARY KEY,
    instance_id INTEGER NOT NULL REFERENCES instance(id),
    model TEXT NOT NULL,
    frame INTEGER NOT NULL DEFAULT 1,       -- from 1
    frames INTEGER NOT NULL DEFAULT 1,      -- of the image; 1 also: not counted, the outcome is of the whole image
    outcome TEXT,                           -- JSON of AnalysisOutcome
    artifact TEXT,                          -- file within data_dir/analyses
    UNIQUE (instance_id, model, frame)
);
INSERT INTO analysis_alone SELECT id, instance_id, model, frame, frames, outcome, artifact FROM analysis;
DROP TABLE analysis;
ALTER TABLE analysis_alone RENAME TO analysis;

CREATE TABLE delivery_alone (
    id INTEGER PRIMARY KEY,
    result_id INTEGER NOT NULL REFERENCES result(id),
    destination TEXT NOT NULL,
    dimse_status INTEGER,                   -- of the last answer
    refusals INTEGER NOT NULL DEFAULT 0,    -- how often the destination blamed the object itself
    tried INTEGER NOT NULL DEFAULT 0,       -- the destination may have it, whatever became of later attempts
    commitment_transaction TEXT NOT NULL DEFAULT '',  -- UID of the last request since it was sent
    delivered_at INTEGER,                   -- for the first time; NULL: not yet
    UNIQUE (result_id, destination)
);
INSERT INTO delivery_alone SELECT id, result_id, destination, dimse_status, refusals, tried, commitment_transaction,
                                  delivered_at FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_alone RENAME TO delivery;

DROP INDEX report_queue;
DROP INDEX report_unfinished;
ALTER TABLE report DROP COLUMN state;
ALTER TABLE report DROP COLUMN attempts;
ALTER TABLE report DROP COLUMN next_attempt_at;
ALTER TABLE report DROP COLUMN lease_until;
ALTER TABLE report DROP COLUMN error_code;
ALTER TABLE report DROP COLUMN error;
ALTER TABLE report DROP COLUMN created_at;
ALTER TABLE report DROP COLUMN updated_at;
ALTER TABLE report DROP COLUMN urgent;
