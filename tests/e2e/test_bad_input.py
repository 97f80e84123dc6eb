"""What an operator or a stranger can do wrong: each gets a clear answer, and nothing acknowledged is lost."""

import errno
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import unittest

import pydicom

from hilum_harness import (BINARIES, MODEL, HilumTest, configuration, echo, http, make_phantoms, store,
                           store_statuses, variant, wait_until)


class StartTest(HilumTest):
    def await_refusal(self, node):
        """The log of a hilumd that must end by itself, with a failure, soon."""
        node.launch([BINARIES / "hilumd", "--config", node.configuration_file])
        self.assertEqual(node.await_exit(30), 1)
        return node.log()

    def check(self, text):
        file = self.folder / "check.yaml"
        file.write_text(text)
        return subprocess.run([str(BINARIES / "hilumd"), "--config", str(file), "--check"], capture_output=True,
                              text=True, timeout=60, check=False)

    def test_a_second_hilumd_on_the_same_data_dir_is_refused(self):
        self.start_node()
        second = self.make_node("second", node={"data_dir": str(self.folder / "node" / "data")})
        log = self.await_refusal(second)
        self.assertIn(str(self.folder / "node" / "data"), log)
        self.assertEqual(echo(self.node.port).returncode, 0, "the first goes on")

    def test_an_unwritable_data_dir_is_refused_by_its_name(self):
        blocked = self.folder / "a-file"
        blocked.write_text("")
        node = self.make_node("blocked", node={"data_dir": str(blocked / "data")})
        self.assertIn(str(blocked / "data"), self.await_refusal(node))

    def test_wrong_yaml_is_told_with_every_line_and_key(self):
        checked = self.check("node:\n  ae_title: ''\n  color: red\nscp:\n  port: many\nmodels:\n  - device: tpu\n")
        self.assertEqual(checked.returncode, 1)
        for place in (":2: node.ae_title", ":3: node.color", ":5: scp.port", ":7: models[0].package",
                      ":7: models[0].device"):
            self.assertIn(f"check.yaml{place}", checked.stderr)

    def test_a_right_configuration_is_said_to_be_right(self):
        checked = self.check(configuration(self.folder / "data"))
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_hilumd_does_not_start_with_a_wrong_configuration(self):
        node = self.make_node("wrong", surplus={"key": 1})
        self.assertIn("surplus", self.await_refusal(node))

    def test_a_missing_configuration_file_is_named(self):
        checked = subprocess.run([str(BINARIES / "hilumd"), "--config", str(self.folder / "none.yaml")],
                                 capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("none.yaml", checked.stderr)


class ModelTest(HilumTest):
    """A model that cannot be used stops the analyses, not the receiving; /readyz tells the two apart."""

    def setUp(self):
        super().setUp()
        self.package = self.folder / "model"
        shutil.copytree(MODEL, self.package)
        self.node = self.make_node("node", models=[{"package": str(self.package), "device": "cpu", "threads": 1}])
        self.weights = next(self.package.glob("*.pt"))
        self.phantom = make_phantoms(self.folder / "phantoms", 1, seed=5)[0]

    def check_receives_without_inferring(self, words):
        self.node.start(inferring=False)
        self.pacs.know("hilum", "HILUM", self.node.port)
        wait_until(lambda: words in self.node.log(), 60, f"'{words}' in the log")
        status, body = http(f"{self.node.url}/readyz")
        self.assertEqual(status, 503)
        readiness = json.loads(body)
        self.assertTrue(readiness["receiving"])
        self.assertFalse(readiness["inferring"])
        self.assertEqual(http(f"{self.node.url}/healthz")[0], 200)
        self.send(self.phantom)

    def check_is_analysed_once_mended(self):
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        study = str(pydicom.dcmread(self.phantom, stop_before_pixels=True).StudyInstanceUID)
        self.assert_one_report_and_capture(self.await_results([study])[study])

    def test_a_missing_model_file_is_named_and_what_came_meanwhile_is_analysed_later(self):
        aside = self.folder / "aside.pt"
        self.weights.rename(aside)
        self.check_receives_without_inferring(self.weights.name)
        aside.rename(self.weights)
        self.check_is_analysed_once_mended()

    def test_a_corrupt_model_file_is_not_loaded_and_what_came_meanwhile_is_analysed_later(self):
        whole = self.weights.read_bytes()
        self.weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.check_receives_without_inferring("SHA-256")
        self.weights.write_bytes(whole)
        self.check_is_analysed_once_mended()


class FullDiskTest(HilumTest):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(self.disk)],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"cannot mount a small disk: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=False)
        self.node = self.make_node("node", node={"data_dir": str(self.disk / "data")},
                                   scp={"min_free_space": "4MiB"})
        self.addCleanup(self.node.kill)

    def test_a_full_disk_answers_out_of_resources_and_loses_nothing_that_was_acknowledged(self):
        self.start_node()
        files = make_phantoms(self.folder / "phantoms", 12, seed=21)
        acknowledged = []
        for file in files:
            sent = store(self.node.port, file)
            statuses = store_statuses(sent)
            self.assertEqual(len(statuses), 1, sent.stderr)
            if statuses == ["Success"]:
                acknowledged.append(str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID))
            else:
                self.assertRegex(statuses[0], r"(?i)out ?of ?resources", sent.stderr)
        self.assertTrue(0 < len(acknowledged) < len(files), f"{len(acknowledged)} of {len(files)} were taken")
        self.assertEqual(echo(self.node.port).returncode, 0)
        # Room again (as after an operator's help): what was acknowledged is analysed.
        subprocess.run(["mount", "-o", "remount,size=200m", str(self.disk)], check=True)
        found = self.await_results(acknowledged)
        for study in acknowledged:
            self.assert_one_report_and_capture(found[study], study)


class RefusedObjectTest(HilumTest):
    """An image that was not taken is found by its accession number until it is."""

    def test_a_refused_image_leaves_a_trace_until_it_is_taken(self):
        self.start_node()
        phantom = make_phantoms(self.folder / "phantoms", 1, seed=31)[0]
        whole, broken = self.folder / "whole.dcm", self.folder / "broken.dcm"
        variant(phantom, whole, lambda dataset: setattr(dataset, "AccessionNumber", "TRACE1"))
        dataset = pydicom.dcmread(whole)
        del dataset.SeriesInstanceUID
        dataset.save_as(broken)
        for _ in range(2):
            self.assertNotEqual(store(self.node.port, broken, calling="CR7").returncode, 0)

        def listed():
            return self.node.run("jobs", "list", "--accession", "TRACE1").stdout

        def traces():
            return [(job["accession_number"], job["study_instance_uid"], job["attempts"]) for job in self.jobs()
                    if job["kind"] == "receipt"]
        wait_until(lambda: traces() == [("TRACE1", str(dataset.StudyInstanceUID), 2)], 30, "the trace")
        self.assertIn("refused on receipt", listed())
        jobs = [job for job in self.jobs() if job["kind"] == "receipt"]
        shown = self.node.run("jobs", "show", f"receipt/{jobs[0]['id']}")
        self.assertIn("Series Instance UID", shown.stdout)
        self.assertNotIn("TRACE1", self.node.log())
        self.assertIn("C-STORE from CR7 (127.0.0.1) answered A900: missing_uid", self.node.log())
        self.send(whole)
        self.assertNotIn("refused on receipt", listed())


class StrangerTest(HilumTest):
    changes = {"scp": {"accept": [{"ae_title": "MODALITY", "hosts": ["127.0.0.1"]},
                                  {"ae_title": "FARAWAY", "hosts": ["192.0.2.0/24"]}]}}

    def setUp(self):
        super().setUp()
        self.start_node()
        self.phantom = make_phantoms(self.folder / "phantoms", 1, seed=9)[0]

    def assert_rejected(self, attempt, reason):
        self.assertNotEqual(attempt.returncode, 0)
        self.assertIn("Rejected Permanent", attempt.stderr)
        self.assertIn(reason, attempt.stderr)

    def test_an_unknown_caller_is_rejected_for_good_and_audited(self):
        self.assert_rejected(store(self.node.port, self.phantom, calling="STRANGER"), "Calling AE Title")
        def told():
            return [event for event in self.audit_events() if "STRANGER" in str(event)]
        rejected = wait_until(told, 30, "the audit event, which is written after the answer")
        self.assertEqual(rejected[0]["outcome"], "failure")

    def test_a_known_title_from_another_address_is_rejected(self):
        self.assert_rejected(echo(self.node.port, calling="FARAWAY"), "Calling AE Title")

    def test_a_call_for_another_title_is_rejected(self):
        self.assert_rejected(echo(self.node.port, called="SOMEONE"), "Called AE Title")

    def test_a_known_caller_is_served_beside_them(self):
        self.assertEqual(echo(self.node.port).returncode, 0)

    def test_what_is_not_dicom_is_closed_without_harm(self):
        for rubbish in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", os.urandom(4096),
                        b"\x01\x00\xff\xff\xff\xff"):
            with socket.create_connection(("127.0.0.1", self.node.port), timeout=30) as connection:
                try:
                    connection.sendall(rubbish)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass
                except OSError as error:  # closed before all was sent, or all that was sent was read
                    self.assertIn(error.errno, (errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE))
        self.assertEqual(echo(self.node.port).returncode, 0)

    def test_an_object_that_breaks_off_is_not_kept(self):
        """A sender that dies in the middle of an object: no instance, and the spool is clean again."""
        big = self.folder / "big.dcm"
        variant(self.phantom, big)
        spool = pathlib.Path(self.folder / "node" / "data" / "spool")
        with socket.create_server(("127.0.0.1", 0)) as relay:
            sender = subprocess.Popen(["storescu", "-aec", "HILUM", "-aet", "MODALITY", "127.0.0.1",
                                       str(relay.getsockname()[1]), str(big)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(sender.kill)
            upstream, _ = relay.accept()
            with upstream, socket.create_connection(("127.0.0.1", self.node.port)) as downstream:
                self.relay(upstream, downstream, limit=big.stat().st_size // 2)
        sender.wait(60)
        wait_until(lambda: not [file for file in spool.rglob("*") if file.is_file()], 30, "the spool is empty")
        self.assertEqual(self.jobs(), [])

    @staticmethod
    def relay(upstream, downstream, limit):
        """Passes bytes both ways until `limit` have gone down."""
        passed = 0
        upstream.settimeout(0.01)
        downstream.settimeout(0.01)
        deadline = time.monotonic() + 60
        while passed < limit and time.monotonic() < deadline:
            try:
                data = upstream.recv(65536)
                passed += len(data)
                downstream.sendall(data)
            except TimeoutError:
                pass
            try:
                upstream.sendall(downstream.recv(65536))
            except TimeoutError:
                pass
