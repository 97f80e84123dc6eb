-- A capture that every destination has goes before its study does, and is composed anew, the same bytes, when it is to be
-- sent again: removed_at says that its file is gone, on_demand that it is made again.
ALTER TABLE result ADD COLUMN on_demand INTEGER NOT NULL DEFAULT 0;
CREATE INDEX result_capture ON result(created_at) WHERE kind = 'sc' AND removed_at IS NULL;
