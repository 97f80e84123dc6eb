"""Whatever becomes of the database: an image that was acknowledged stays, is adopted, and is reported once."""

import json
import os
import pathlib
import sqlite3

import pydicom

from hilum_harness import HilumTest, make_phantoms, variant, wait_until
from unknown_objects import count_of_instances, plant, start_and_stop_the_scanner


class SpoolTest(HilumTest):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "node" / "data"
        self.phantoms = make_phantoms(self.folder / "phantoms", 4, 71, "--size", "300")

    # ---- the data directory ----

    def spool(self):
        """Whole objects in the spool, by name within it."""
        folder = self.data / "spool"
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.dcm")
                if file.parent.name != "set-aside"}

    def rows(self, sql):
        connection = sqlite3.connect(f"file:{self.data / 'hilum.db'}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def lose(self, *names):
        for name in names:
            (self.data / name).unlink(missing_ok=True)

    def back_up(self):
        """As docs/operations.md says."""
        source = sqlite3.connect(self.data / "hilum.db")
        target = sqlite3.connect(self.folder / "backup.db")
        source.backup(target)
        source.close()
        target.close()

    def restore(self):
        """As docs/operations.md says."""
        self.lose("hilum.db", "hilum.db-wal", "hilum.db-shm")
        (self.data / "hilum.db").write_bytes((self.folder / "backup.db").read_bytes())

    # ---- what the node says ----

    def status(self):
        answered = self.node.run("status", "--json")
        return json.loads(answered.stdout)

    def await_adoption(self, **expected):
        """The account of the last survey, once it is through."""
        def through():
            survey = self.status()["storage"]["spool"]
            return survey if survey and survey["finished_at"] else None

        survey = wait_until(through, 60, "everything in the spool is known")
        self.assertEqual({key: survey[key] for key in expected}, expected)
        return survey

    def audited(self, kind):
        return [event for event in self.audit_events() if event["type"] == kind]

    def receive_all(self, files=None):
        """Sends, and waits for the results, which go to the PACS; what it has then."""
        files = files or self.phantoms
        self.send(*files)
        studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in files]
        self.await_results(studies)
        wait_until(lambda: all(job["state"] in ("analysed", "composed", "delivered") for job in self.jobs()), 60,
                   "all is delivered")
        return self.in_pacs()

    def in_pacs(self):
        """{SOP Instance UID: bytes} of all that the PACS has of Hilum."""
        return {result.uid: result.bytes for results in self.results().values() for result in results}

    def await_reported_again(self, count):
        wait_until(lambda: sum((job["kind"], job["state"]) == ("report", "composed") for job in self.jobs()) == count
                   and all(job["state"] in ("analysed", "composed", "delivered") for job in self.jobs()), 120,
                   f"{count} reports are delivered")

    # ---- losses ----

    def test_a_lost_database_loses_no_image_and_doubles_no_result(self):
        self.start_node()
        before, objects = self.receive_all(), self.spool()
        self.node.stop()
        self.lose("hilum.db", "hilum.db-wal", "hilum.db-shm")
        self.start_node()
        self.await_adoption(unknown=4, adopted=4, set_aside=0, duplicates=0)
        self.assertEqual(self.spool(), objects)
        self.await_reported_again(4)
        self.results_by_instance.clear()
        self.assertEqual(self.in_pacs(), before, "the same results, the same bytes")
        self.assertEqual({caller for caller, in self.rows("SELECT calling_ae FROM instance")}, {"MODALITY"})
        self.assertEqual(self.status()["storage"]["database"]["reason"], "created")
        self.assertEqual(len(self.audited("database_created")), 1)
        self.assertEqual(len(self.audited("instance_adopted")), 4)
        self.assertIn("the database was created anew beside objects", self.node.log())
        self.assertIn("created anew beside objects", self.node.run("status").stdout)
        again = [str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID) for file in self.phantoms]
        self.send(*self.phantoms)
        self.assertEqual(len(self.spool()), 4, f"{again} are known")
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)

    def test_a_backup_restored_over_a_newer_spool_adopts_what_came_after_it(self):
        self.start_node()
        self.receive_all(self.phantoms[:1])
        self.back_up()
        before, objects = self.receive_all(self.phantoms[1:]), self.spool()
        self.node.stop()
        self.restore()
        self.start_node()
        self.await_adoption(unknown=3, adopted=3, set_aside=0)
        self.assertEqual(self.spool(), objects)
        self.await_reported_again(4)
        self.results_by_instance.clear()
        self.assertEqual(self.in_pacs(), before)
        self.assertEqual(self.status()["storage"]["database"]["reason"], "older")
        self.assertEqual(len(self.audited("database_older")), 1)

    def test_commits_lost_with_the_wal_lose_no_image(self):
        self.start_node()
        self.receive_all(self.phantoms[:1])
        self.node.stop()
        for keep in (0, 4096 + 56):  # nothing of it; its first page alone
            with self.subTest(keep=keep):
                self.start_node()
                before = len(self.rows("SELECT id FROM instance"))
                file = self.folder / f"{keep}.dcm"
                variant(self.phantoms[0], file)
                self.receive_all([file])
                objects = self.spool()
                self.node.kill()
                os.truncate(self.data / "hilum.db-wal", keep)
                self.lose("hilum.db-shm")
                self.assertEqual(len(self.rows("SELECT id FROM instance")), before, "its row is gone")
                self.start_node()
                self.await_adoption(unknown=1, adopted=1)
                self.assertEqual(self.spool(), objects)
                self.node.stop()

    def test_a_backup_restored_over_the_new_database_that_a_loss_made_mixes_no_images(self):
        self.start_node()
        self.receive_all(self.phantoms[:2])
        self.node.stop()
        self.back_up()
        self.lose("hilum.db")
        self.start_node()
        self.receive_all(self.phantoms[2:])
        self.await_reported_again(4)
        self.node.stop()
        self.restore()
        self.start_node()
        self.await_adoption(unknown=2, adopted=2)
        self.await_reported_again(4)
        artifacts = [artifact for artifact, in self.rows("SELECT artifact FROM analysis")]
        self.assertEqual(len(set(artifacts)), 4)
        self.assertEqual(len({artifact.split("-")[0] for artifact in artifacts}), 2, "of two lives")
        self.assertEqual(self.status()["storage"]["database"]["reason"], "older")

    # ---- what lies in the spool ----

    def plant(self, count=1):
        return plant(self.data, self.phantoms[0], count)

    def start_and_stop_the_scanner(self, after):
        return start_and_stop_the_scanner(self.node, self.data, after)

    def count_of_instances(self):
        return count_of_instances(self.data)

    def test_a_kill_in_the_middle_adopts_each_object_once(self):
        self.node.start(inferring=False)
        self.node.stop()
        self.plant(1500)
        for after in (1, 500):
            self.start_and_stop_the_scanner(after)
            self.node.kill()
            self.assertLess(self.count_of_instances(), 1500)
        self.node.start(inferring=False)
        wait_until(lambda: self.count_of_instances() == 1500, 120, "all are adopted")
        wait_until(lambda: self.status()["adopting"] == 0, 60, "nothing waits")
        self.assertEqual(len(self.spool()), 1500)
        self.assertEqual(self.rows("SELECT count(*) FROM audit_event WHERE type = 'instance_adopted'"), [(1500,)])
        self.assertEqual(self.rows("SELECT count(*) FROM analysis"), [(1500,)])
        self.node.kill()

    def test_receiving_does_not_wait_for_what_is_adopted(self):
        self.node.start(inferring=False)
        self.node.stop()
        self.plant(1500)
        self.start_and_stop_the_scanner(1)
        self.send(self.phantoms[1])
        self.assertGreater(self.status()["adopting"], 0, "it was taken beside")
        self.node.kill()

    def test_what_cannot_be_read_is_set_aside_and_told(self):
        self.start_node()
        self.node.stop()
        folder = self.plant()
        whole = next(folder.iterdir())
        (folder / "cut.dcm").write_bytes(whole.read_bytes()[:-1000])
        (folder / "empty.dcm").write_bytes(b"")
        (folder / "text.dcm").write_text("no DICOM at all")
        (folder / "unfinished.dcm.tmp").write_bytes(whole.read_bytes()[:500])
        self.start_node()
        self.await_adoption(unknown=4, adopted=1, set_aside=3, unfinished=1)
        kept = {file.name: file.stat().st_size for file in (self.data / "spool" / "set-aside").iterdir()}
        self.assertEqual(set(kept), {"cut.dcm", "empty.dcm", "text.dcm"})
        self.assertEqual(kept["cut.dcm"], whole.stat().st_size - 1000)
        self.assertFalse((folder / "unfinished.dcm.tmp").exists())
        told = {pathlib.Path(file["file"]).name: file["code"] for file in self.status()["storage"]["set_aside"]}
        self.assertEqual(told, {"cut.dcm": "truncated", "empty.dcm": "not_dicom", "text.dcm": "not_dicom"})
        self.assertIn("3 files in spool/set-aside", self.node.run("status").stdout)
        self.assertEqual(len(self.audited("object_set_aside")), 3)
        self.node.stop()
        (self.data / "spool" / "set-aside" / "text.dcm").unlink()
        self.start_node()
        self.assertEqual(len(self.status()["storage"]["set_aside"]), 2)

    def test_of_one_object_under_two_names_one_stays(self):
        self.start_node()
        self.receive_all(self.phantoms[:1])
        self.node.stop()
        (name, content), = self.spool().items()
        copy = self.data / "spool" / "20260101" / "copy.dcm"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(content)
        self.start_node()
        self.await_adoption(unknown=1, duplicates=1)
        wait_until(lambda: set(self.spool()) == {name}, 30, "the copy is gone")
        self.node.stop()
        damaged = bytearray(content)
        damaged[-10] ^= 0xFF
        (self.data / "spool" / name).write_bytes(damaged)
        copy.write_bytes(content)
        self.start_node()
        self.await_adoption(unknown=1, adopted=1)
        wait_until(lambda: self.rows("SELECT file FROM instance") == [("20260101/copy.dcm",)], 30,
                   "the whole one is the object's now")
        self.assertEqual(copy.read_bytes(), content)
