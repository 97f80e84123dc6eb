-- Whether all was adopted that lay in the spool when the database's life began. Until then a file that no row names may be
-- news of what the database lost; from then on it was never acknowledged.
ALTER TABLE generation ADD COLUMN reconciled INTEGER NOT NULL DEFAULT 0;
UPDATE generation SET reconciled = 1 WHERE reason IN ('', 'first');
