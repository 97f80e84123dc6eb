-- Objects whose file in the spool is not what was received (jobs/damaged_objects.h): nothing is told of them until they
-- come again.
ALTER TABLE instance ADD COLUMN damaged_at INTEGER;                -- NULL: not so, as far as is known
ALTER TABLE instance ADD COLUMN damage TEXT NOT NULL DEFAULT '';   -- what is wrong with the file, in words
CREATE INDEX instance_damaged ON instance(damaged_at) WHERE damaged_at IS NOT NULL;

-- Studies of which no report could be opened, since a row of theirs cannot be read; '': none such is known.
ALTER TABLE study ADD COLUMN damage TEXT NOT NULL DEFAULT '';
CREATE INDEX study_damaged ON study(id) WHERE damage != '';
