-- Studies are listed by what they received last, and found by their patient.
ALTER TABLE study ADD COLUMN received_at INTEGER;  -- when the last object came, analysed or not
UPDATE study SET received_at = coalesce((SELECT max(received_at) FROM instance WHERE study_id = study.id), created_at);
CREATE INDEX study_received ON study(received_at, id);
CREATE INDEX study_patient ON study(patient_id);
CREATE TRIGGER study_receives AFTER INSERT ON instance BEGIN
    UPDATE study SET received_at = NEW.received_at WHERE id = NEW.study_id;
END;
