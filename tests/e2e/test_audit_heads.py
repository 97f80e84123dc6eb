"""Signed heads of the audit trail: what they find in a database that somebody rewrote."""

import datetime
import hashlib
import json
import socket
import sqlite3
import subprocess

import pydicom

from hilum_harness import BINARIES, HilumTest, make_phantoms, wait_until


class AuditHeadsTest(HilumTest):
    def setUp(self):
        super().setUp()
        self.key, self.public_key = self.folder / "audit.key", self.folder / "audit.pub"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key], check=True)
        subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-out", self.public_key], check=True)
        configured = json.loads(self.node.configuration_file.read_text())
        configured["audit"] = {"sign": {"key": str(self.key), "every": "1ms"}}
        self.node.configure(json.dumps(configured))
        self.database = self.folder / "node" / "data" / "hilum.db"
        self.heads = self.folder / "heads.log"

    def verified(self, key=None):
        """The exit code and what is said of the running node's trail, against the heads of its earlier lives."""
        self.start_node()
        ran = self.node.run("audit", "verify", "--against", str(self.heads), "--key", str(key or self.public_key))
        self.node.stop()
        return ran.returncode, " ".join((ran.stdout + ran.stderr).split())

    def live(self, files=()):
        """A life of the node; its log joins the heads."""
        self.start_node()
        for file in files:
            self.send(file)
        if files:
            wait_until(lambda: self.analysed() == len(files), 60, "they are analysed")
        self.node.stop()
        with open(self.heads, "a", encoding="utf-8") as heads:
            heads.write(self.node.log())

    def rewritten(self, *statements):
        with sqlite3.connect(self.database) as database:
            for statement in statements:
                database.execute(statement)
        database.close()

    def rewrite_a_patient_with_fresh_digests(self):
        with sqlite3.connect(self.database) as database:
            rows = database.execute("SELECT id, at, type, outcome, actor, study_instance_uid, sop_instance_uid, patient_id, detail"
                                    " FROM audit_event ORDER BY id").fetchall()
            previous = "hilum audit trail"
            for event, at, *words, detail in rows:
                kind, outcome, actor, study, instance, patient = words
                if kind == "instance_received":
                    patient = "SOMEBODY ELSE"
                moment = datetime.datetime.fromtimestamp(at // 1000000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
                told = {"id": event, "at": f"{moment}.{at % 1000000:06d}Z", "type": kind, "outcome": outcome, "actor": actor,
                        "study_instance_uid": study, "sop_instance_uid": instance, "patient_id": patient,
                        "detail": json.loads(detail)}
                text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                previous = hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
                database.execute("UPDATE audit_event SET patient_id = ?, hash = ? WHERE id = ?", (patient, previous, event))
        database.close()

    def test_what_was_signed_is_found_again_and_what_was_not_is_told(self):
        self.live(make_phantoms(self.folder / "phantoms", 1, 3, "--size", "192"))
        saved = self.folder / "saved.db"
        saved.write_bytes(self.database.read_bytes())
        self.live()
        code, said = self.verified()
        self.assertEqual(code, 0, said)
        self.assertIn("is the one that was signed", said)

        code, said = self.verified(key=self.key)
        self.assertEqual(code, 1, said)
        self.assertIn("holds no public Ed25519 key", said)

        # An older copy of the database, which goes on with events of its own.
        self.database.write_bytes(saved.read_bytes())
        code, said = self.verified()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"events \d+ to \d+ are (not those that were signed|missing)")

    def test_a_key_that_cannot_be_read_for_now_is_waited_for(self):
        readable = self.folder / "readable.key"
        self.key.rename(readable)
        with socket.socket(socket.AF_UNIX) as gone:  # opened as a file it fails as a disk that has gone does: ENXIO
            gone.bind(str(self.key))
        self.node.launch([BINARIES / "hilumd", "--config", self.node.configuration_file])
        wait_until(lambda: "the start goes on once that is mended" in self.node.log(), 60, "the node waits for its key")
        self.assertIsNone(self.node.process.poll())
        readable.rename(self.key)
        wait_until(lambda: "audit head" in self.node.log(), 60, "the node starts and signs")
        self.node.stop()

    def test_a_patient_that_was_rewritten_is_found(self):
        self.live(make_phantoms(self.folder / "phantoms", 1, 3, "--size", "192"))
        self.rewritten("UPDATE audit_event SET patient_id = 'SOMEBODY ELSE' WHERE type = 'instance_received'")
        code, said = self.verified()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"event \d+ does not fit its digest")

    def test_reports_at_the_pacs_are_witnesses(self):
        configured = json.loads(self.node.configuration_file.read_text())
        configured["audit"]["sign"]["in_reports"] = True
        self.node.configure(json.dumps(configured))
        self.start_node()
        files = make_phantoms(self.folder / "phantoms", 2, 3, "--size", "192")
        self.send(*files)
        studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in files]
        found = self.await_results(studies)
        self.node.stop()
        self.heads.mkdir()
        for number, result in enumerate(result for study in studies for result in found[study]):
            self.assertEqual((0x0099, 0x1001) in result.dataset, result.is_report)
            self.assert_valid(result)
            (self.heads / f"{number}.dcm").write_bytes(result.bytes)
        code, said = self.verified()
        self.assertEqual(code, 0, said)
        self.assertIn("is the one that was signed: 2 heads fit", said)
        self.rewrite_a_patient_with_fresh_digests()
        code, said = self.verified()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"events \d+ to \d+ are not those that were signed")

    def test_a_past_that_was_rewritten_with_fresh_digests_is_found(self):
        self.live(make_phantoms(self.folder / "phantoms", 1, 3, "--size", "192"))
        self.rewrite_a_patient_with_fresh_digests()
        self.start_node()
        alone = self.node.run("audit", "verify")
        self.assertEqual(alone.returncode, 0, "the chain alone does not show it: " + alone.stderr)
        self.node.stop()
        code, said = self.verified()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"events \d+ to \d+ are not those that were signed")
