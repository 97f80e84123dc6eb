-- Results whose files are lost or damaged are composed anew, from what their analyses left. How often:
ALTER TABLE report ADD COLUMN composed_anew INTEGER NOT NULL DEFAULT 0;
ALTER TABLE result ADD COLUMN composed_anew INTEGER NOT NULL DEFAULT 0;  -- of those, because of this one
