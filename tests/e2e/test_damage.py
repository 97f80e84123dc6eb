"""What the disk changes is found before anything is told by it, and mended; everything else goes on."""

import json
import re

import pydicom

from hilum_harness import HilumTest, http, make_phantoms, wait_until


class Damage(HilumTest):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "node" / "data"
        self.phantoms = make_phantoms(self.folder / "phantoms", 4, 81, "--size", "300")
        self.studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in self.phantoms]

    def status(self):
        return json.loads(self.node.run("status", "--json").stdout)

    def events(self, kind):
        exported = self.node.run("audit", "export")
        return [event for event in map(json.loads, exported.stdout.splitlines()) if event["type"] == kind]

    def start_node(self):
        self.node.start()
        self.pacs.know("hilum", "HILUM", self.node.port)


class ObjectDamageTest(Damage):
    # What is sent is analysed at once and reported later: there is time to damage it.
    changes = {"study": {"idle_timeout": "10s", "max_wait": "60s"}}

    @staticmethod
    def change_patient_id(file):
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
        value = dataset.PatientID.encode()
        bytes_ = file.read_bytes()
        assert bytes_.count(value) >= 1
        file.write_bytes(bytes_.replace(value, b"X" * len(value), 1))

    def test_nothing_is_told_of_it_until_it_is_sent_again(self):
        self.start_node()
        self.send(*self.phantoms)
        wait_until(lambda: sum(job["state"] == "analysed" for job in self.jobs()) == 4, 60, "all are analysed")
        files = sorted(file for file in (self.data / "spool").rglob("*.dcm"))
        files[0].unlink()
        files[1].write_bytes(b"")
        files[2].write_bytes(files[2].read_bytes()[:-1000])
        self.change_patient_id(files[3])
        wait_until(lambda: len(self.status()["storage"]["damaged"]) == 4, 60, "all are found")
        status = self.status()
        self.assertFalse(status["well"])
        self.assertIn("have the PACS send the studies again", " ".join(status["problems"]))
        self.assertEqual(len(self.events("object_damaged")), 4)
        self.assertEqual(self.results(), {}, "nothing is told")
        self.assertIn("hilum_damaged_objects 4", http(f"{self.node.url}/metrics")[1].decode())
        self.send(*self.phantoms)
        self.await_results(self.studies)
        wait_until(lambda: self.status()["well"], 30, "the node is well")
        self.assertEqual(len(self.events("object_mended")), 4)
        ids = {str(pydicom.dcmread(file, stop_before_pixels=True).PatientID) for file in self.phantoms}
        told = {str(result.dataset.PatientID) for results in self.results().values() for result in results}
        self.assertEqual(told, ids)
        self.assertEqual(len(list((self.data / "spool").rglob("*.dcm"))) >= 4, True)


class DatabaseDamageTest(Damage):
    def in_pacs(self):
        return {result.uid: result.bytes for results in self.results().values() for result in results}

    def damage_an_index(self):
        """The second place of a key is in an index."""
        file = self.data / "hilum.db"
        content = bytearray(file.read_bytes())
        name = next((self.data / "spool").rglob("*.dcm")).relative_to(self.data / "spool")
        places = [match.start() for match in re.finditer(re.escape(str(name).encode()), bytes(content))]
        self.assertGreaterEqual(len(places), 2)
        content[places[1] + 2] ^= 1
        file.write_bytes(bytes(content))

    def damage_tables(self):
        file = self.data / "hilum.db"
        content = bytearray(file.read_bytes())
        content[4096:] = b"\xa5" * (len(content) - 4096)
        file.write_bytes(bytes(content))

    def lose(self):
        for suffix in ("", "-wal", "-shm"):
            (self.data / f"hilum.db{suffix}").unlink(missing_ok=True)

    def deliver(self, *files):
        self.send(*files)
        self.await_results([str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in files])
        wait_until(lambda: all(job["state"] in ("analysed", "composed", "delivered") for job in self.jobs()), 60,
                   "all is delivered")

    def test_a_damaged_or_lost_one_is_mended_or_rebuilt_and_nothing_is_sent_twice(self):
        self.start_node()
        self.deliver(*self.phantoms[:2])
        before = self.in_pacs()
        self.pacs.stop()
        self.send(self.phantoms[2])
        wait_until(lambda: sum(job["kind"] == "delivery" and job["state"] == "queued" for job in self.jobs()) == 2, 60,
                   "two results wait")
        self.node.stop()
        # An index: everything is there.
        self.damage_an_index()
        (self.data / "ended").unlink()  # as after a power cut
        self.start_node_without_pacs()
        self.assertEqual(len(self.events("database_mended")), 1)
        self.assertEqual(self.node.run("database", "check").returncode, 0)
        backup = self.folder / "backup.db"
        self.assertEqual(self.node.run("database", "backup", str(backup)).returncode, 0)
        self.node.stop()
        # Tables, and then all of it.
        for number, damage in enumerate((self.damage_tables, self.lose), 1):
            damage()
            self.start_node_without_pacs()
            self.assertEqual(len(self.events("database_created")), 1, damage.__name__)
            wait_until(lambda: sum(job["kind"] == "report" and job["state"] == "composed"
                                   for job in self.jobs()) == 3, 90, "all is made again")
            waiting = [job for job in self.jobs() if job["kind"] == "delivery" and job["state"] != "delivered"]
            self.assertEqual(len(waiting), 2, "what was not delivered waits, nothing else")
            self.node.stop()
        self.assertTrue(list(self.data.glob("hilum.db.damaged-*")))
        # A backup that is older than the folders.
        self.lose()
        (self.data / "hilum.db").write_bytes(backup.read_bytes())
        self.pacs.start()
        self.start_node()
        self.await_results(self.studies[:3])
        wait_until(lambda: all(job["state"] in ("analysed", "composed", "delivered") for job in self.jobs()), 90,
                   "all is delivered")
        self.results_by_instance.clear()
        after = self.in_pacs()
        self.assertEqual(len(after), 6)
        self.assertEqual({uid: after[uid] for uid in before}, before)
        self.assertEqual(len(self.events("result_delivered")), 4 + 2, "each once")

    def start_node_without_pacs(self):
        self.node.start()
