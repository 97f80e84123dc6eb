"""A disk without room: seen wherever somebody looks before a sender finds out, and over when there is room again."""

import json
import os
import subprocess
import unittest

from hilum_harness import HilumTest, http, make_phantoms, store, store_statuses, variant, wait_until

MIB = 1 << 20


class FullDiskTest(HilumTest):
    changes = {"scp": {"min_free_space": "16MiB"}, "study": {"idle_timeout": "300ms"}}

    def setUp(self):
        super().setUp()
        self.data = self.folder / "node" / "data"
        self.data.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.data)],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"no file system of its own can be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.data)], check=False)
        self.start_node()
        self.phantom, = make_phantoms(self.folder / "phantoms", 1, seed=41)

    def fill(self):
        room = os.statvfs(self.data)
        with open(self.data / "filler", "wb") as filler:
            filler.write(bytes(room.f_bavail * room.f_frsize - 12 * MIB))

    def status(self):
        return json.loads(self.node.run("status", "--json").stdout)

    def metrics(self):
        return http(f"{self.node.url}/metrics")[1].decode().splitlines()

    def test_it_is_seen_and_ends_by_itself(self):
        self.assertEqual((self.status()["receiving"], self.status()["refusing"]), (True, ""))
        self.fill()
        wait_until(lambda: self.status()["refusing"] == "disk", 30, "the full disk is seen")
        self.assertEqual(self.status()["receiving"], "refusing: disk")
        self.assertIn("refusing: disk", self.node.run("status").stdout)
        code, body = http(f"{self.node.url}/readyz")
        self.assertEqual(code, 503)
        self.assertIn("refusing: disk", body.decode())
        self.assertIn("hilum_receiving 0", self.metrics())
        self.assertIn('hilum_receiving_refused{reason="disk"} 1', self.metrics())
        self.assertEqual(store_statuses(store(self.node.port, self.phantom)), ["Refused: OutOfResources"])
        (self.data / "filler").unlink()
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 200, 30, "it receives again")
        self.assertEqual(store_statuses(store(self.node.port, self.phantom)), ["Success"])
        self.assertIn("hilum_receiving 1", self.metrics())
        self.assertIn('hilum_receiving_refused{reason="disk"} 0', self.metrics())

    def test_an_object_that_is_discarded_ends_what_its_refusal_left(self):
        def to_report(dataset):
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
            dataset.Modality = "SR"
            del dataset.PixelData
        report = self.folder / "report.dcm"
        variant(self.phantom, report, to_report)

        def receipts():
            return [job for job in self.jobs() if job["kind"] == "receipt"]
        self.fill()
        wait_until(lambda: self.status()["refusing"] == "disk", 30, "the full disk is seen")
        self.assertEqual(store_statuses(store(self.node.port, report)), ["Refused: OutOfResources"])
        wait_until(receipts, 30, "the trace of what was refused")
        wait_until(lambda: 'hilum_node_trouble{where="receiving"} 1' in self.metrics(), 30, "the trouble is told")
        (self.data / "filler").unlink()
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 200, 30, "it receives again")
        self.assertEqual(store_statuses(store(self.node.port, report)), ["Success"])
        self.assertEqual(receipts(), [])
        wait_until(lambda: 'hilum_node_trouble{where="receiving"} 0' in self.metrics(), 30, "the trouble is over")
