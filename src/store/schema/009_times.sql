-- For how long it took from receipt to result.
ALTER TABLE report ADD COLUMN received_at INTEGER;    -- when the first image came that no report covered; NULL: not known
ALTER TABLE delivery ADD COLUMN delivered_at INTEGER;  -- for the first time; NULL: not yet, or before this column
