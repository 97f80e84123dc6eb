-- The jobs of a study that retention forgets were done: what was counted stays counted. What waited or was set aside is
-- no more to be looked after.
DROP TRIGGER job_goes;
CREATE TRIGGER job_goes AFTER DELETE ON job WHEN OLD.state NOT IN ('done', 'discarded') BEGIN
    UPDATE job_total SET jobs = jobs - 1 WHERE lane = OLD.lane AND word = OLD.word;
END;
