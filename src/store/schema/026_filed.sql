-- The header by which a version of a report was filed (results/filed_header.h): whom it was told of, for when it is taken
-- back and its files are gone. A data set in base64 that names the patient; '': none was kept, as by a Hilum before this.
ALTER TABLE report ADD COLUMN filed_under TEXT NOT NULL DEFAULT '';

-- The destinations that a version was composed for, also those for which nothing was made of it.
CREATE TABLE composed_for (
    report_id INTEGER NOT NULL REFERENCES report(id),
    destination TEXT NOT NULL,
    PRIMARY KEY (report_id, destination)
) WITHOUT ROWID;

-- The newest version that tells the destination of the result. 0: of a Hilum that did not note it.
ALTER TABLE delivery ADD COLUMN told_version INTEGER NOT NULL DEFAULT 0;
