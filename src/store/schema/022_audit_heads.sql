-- The signed head of the audit trail that a result holds (audit.sign.in_reports), so that it is composed anew with the same
-- bytes. Empty: none.
ALTER TABLE result ADD COLUMN audit_head TEXT NOT NULL DEFAULT '';
ALTER TABLE earlier_result ADD COLUMN audit_head TEXT NOT NULL DEFAULT '';
