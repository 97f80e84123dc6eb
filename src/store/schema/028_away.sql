-- Since when a destination was seen to be away and took nothing, also over restarts; the time when the node did not run is
-- left out. NULL: it answered since. A row is of what an operator or this said.
ALTER TABLE destination ADD COLUMN away_since INTEGER;
