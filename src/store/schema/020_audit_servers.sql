-- How far each syslog server of the configuration has the audit trail (audit.syslog): the events themselves are what
-- waits for it, and stay until all servers have them (audit.keep_unsent).
CREATE TABLE audit_server (
    name TEXT PRIMARY KEY,
    through INTEGER NOT NULL,               -- the last event that it has; 0: none
    sent_at INTEGER,                        -- when that was seen last; NULL: never
    configured INTEGER NOT NULL             -- 0: the configuration names it no more, and nothing waits for it
) WITHOUT ROWID;
