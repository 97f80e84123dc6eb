"""Start, drain and end: bounded in time, and nothing left behind."""

import os
import pathlib
import signal
import subprocess
import unittest

import pydicom

from hilum_harness import BINARIES, HilumTest, http, make_phantoms, wait_until
from processes import is_alive


class EndTest(HilumTest):
    def setUp(self):
        super().setUp()
        self.start_node()
        self.files = make_phantoms(self.folder / "phantoms", 4, seed=41)
        self.studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in self.files]

    def test_sigterm_ends_the_node_with_0_and_without_a_process_left(self):
        processes = [pid for pid, _ in self.node.descendants()]
        self.assertGreater(len(processes), 4)
        self.assertEqual(self.node.stop(30), 0)
        self.assertEqual([pid for pid in processes if is_alive(pid)], [])

    def test_sigterm_with_work_in_progress_loses_nothing(self):
        self.send(*self.files)
        self.assertEqual(self.node.stop(30), 0)
        self.start_node()
        found = self.await_results(self.studies)
        for study in self.studies:
            self.assert_one_report_and_capture(found[study], study)

    def test_no_process_outlives_a_killed_coordinator(self):
        processes = [pid for pid, _ in self.node.descendants()]
        self.assertGreater(len(processes), 4)
        self.node.kill()
        wait_until(lambda: not [pid for pid in processes if is_alive(pid)], 20, "all processes end")

    def test_a_killed_process_of_each_role_comes_back(self):
        roles = {role for _, role in self.node.descendants() if role}
        self.assertTrue({"listener", "decoder", "composer", "sender", "http"} <= roles, roles)
        for role in sorted(roles):
            with self.subTest(role=role):
                victim = next(pid for pid, its_role in self.node.descendants() if its_role == role)
                os.kill(victim, signal.SIGKILL)
                wait_until(lambda role=role, victim=victim: any(
                    its_role == role and pid != victim for pid, its_role in self.node.descendants()), 60,
                    f"another {role}")
        # Ports taken anew: 0 in the configuration means another one after the listener's or http's death.
        wait_until(lambda: self.node.log().count("receiving as") >= 2, 60, "the listener receives again")
        self.node.port = int(self.node.log().rpartition("receiving as")[2].split("port ")[1].split()[0])
        self.node.http_port = int(self.node.log().rpartition("serving HTTP on port ")[2].split()[0])
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 200, 60, "ready again")
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.send(self.files[0])
        found = self.await_results(self.studies[:1])
        self.assert_one_report_and_capture(found[self.studies[0]])


class ProcessTest(HilumTest):
    def test_the_listener_has_one_thread(self):
        self.start_node()
        listeners = [pid for pid, role in self.node.descendants() if role == "listener"]
        self.assertEqual(len(listeners), 1)
        self.assertEqual(len(list(pathlib.Path(f"/proc/{listeners[0]}/task").iterdir())), 1)


class LinkTest(unittest.TestCase):
    def libraries_of(self, program):
        return subprocess.run(["ldd", str(BINARIES / program)], capture_output=True, text=True, check=True).stdout

    def test_hilumd_and_hilum_do_not_link_libtorch(self):
        for program in ("hilumd", "hilum"):
            libraries = self.libraries_of(program)
            self.assertIn("libc.so", libraries)
            for library in ("libtorch", "libc10", "openblas", "libgomp"):
                self.assertNotIn(library, libraries, program)

    def test_the_worker_does_not_link_dcmtk(self):
        libraries = self.libraries_of("hilum-worker")
        self.assertIn("libtorch", libraries)
        self.assertNotIn("libdcm", libraries)
