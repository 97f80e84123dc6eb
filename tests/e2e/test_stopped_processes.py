"""What is stopped (SIGSTOP) ends by no deadline of its own: the node notices, kills it and goes on, without a restart."""

import concurrent.futures
import ctypes
import json
import os
import pathlib
import signal
import socket
import sqlite3
import time
import unittest

import pydicom

from hilum_harness import HilumTest, echo, http, make_phantoms, store, store_statuses, wait_until
from local_services import free_port
from processes import command_line, is_alive, parent_of
from syslog_server import SyslogServer
from unknown_objects import count_of_instances, plant, start_and_stop_the_scanner

LONGEST_SILENCE = {"http": 40}  # seconds from the stop to the kill, as docs/operations.md tells, and some
USUAL_SILENCE = 24
ROLES = {"listener", "receiver", "decoder", "worker", "composer", "sender", "syslog", "http"}


class StoppedProcessTest(HilumTest):
    def setUp(self):
        self.changes = {"retry": {"max_attempts": 20}, "http": {"listen": f"127.0.0.1:{free_port()}"},
                        "scp": {"port": free_port(), "association_timeout": "10min", "idle_timeout": "10min"}}
        super().setUp()
        self.start_node()

    def processes(self):
        """{pid: role} of all but the coordinator."""
        found = {}
        for pid, role in self.node.descendants():
            program = command_line(pid)
            if role == "listener" and parent_of(pid) != self.node.process.pid:
                role = "receiver"
            found[pid] = role or ("worker" if program and program[0].endswith("hilum-worker") else "")
        return found

    def signal_all(self, pids, number):
        for pid in pids:
            os.kill(pid, number)

    def status(self):
        return json.loads(self.node.run("status", "--json").stdout)

    def silences(self):
        """{role: how many of it were killed}, as the node tells."""
        found = {}
        for child in self.status()["children"]:
            found[child["role"]] = found.get(child["role"], 0) + child["silences"]
        return found


class EveryRoleTest(StoppedProcessTest):
    def make_node(self, name="node", **changes):
        server = SyslogServer().start()
        self.addCleanup(server.stop)
        return super().make_node(name, audit={"syslog": [
            {"name": "arr", "host": "127.0.0.1", "port": server.port, "protocol": "tcp"}]}, **changes)

    def send_until_taken(self, files):
        """As a modality that sends again what was not taken."""
        for file in files:
            wait_until(lambda file=file: "Success" in store_statuses(store(self.node.port, file)), 90, file)

    def one_of_each_role(self):
        first = {}
        for pid, role in self.processes().items():
            first.setdefault(role, pid)
        return first if ROLES <= set(first) else None

    def await_ends(self, stopped, since):
        """{role: seconds until it was killed}"""
        ended = {}

        def all_ended():
            for role, pid in stopped.items():
                if role not in ended and not is_alive(pid):
                    ended[role] = round(time.monotonic() - since, 1)
            return len(ended) == len(stopped)

        wait_until(all_ended, 60, "what was stopped is killed")
        return ended

    def test_one_of_each_role_is_killed_and_started_again_under_load_and_nothing_is_lost_or_doubled(self):
        files = make_phantoms(self.folder / "phantoms", 10, seed=43)
        studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in files]
        with concurrent.futures.ThreadPoolExecutor() as threads:
            sending = threads.submit(self.send_until_taken, files)
            wait_until(lambda: self.analysed() > 1, 60, "the first analyses")
            stopped = wait_until(self.one_of_each_role, 60, "a process of each role")
            since = time.monotonic()
            self.signal_all(stopped.values(), signal.SIGSTOP)
            seen = threads.submit(wait_until, lambda: not self.status()["receiving"], 30, "that it does not receive")
            ended = self.await_ends(stopped, since)
            seen.result()
            wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 200, 60, "ready again")
            well = round(time.monotonic() - since, 1)
            sending.result()
        print(f"killed after {ended} s, well again after {well} s", flush=True)
        for role, seconds in ended.items():
            self.assertLess(seconds, LONGEST_SILENCE.get(role, USUAL_SILENCE), role)
        self.assertEqual({role for role, count in self.silences().items() if count}, ROLES - {"receiver"})
        self.assertIn("the receiver of 127.0.0.1 gave no sign of life", self.node.log())
        found = self.await_results(studies)
        for study in studies:
            self.assert_one_report_and_capture(found[study], study)
        metrics = http(f"{self.node.url}/metrics")[1].decode()
        self.assertRegex(metrics, r'hilum_child_silences_total\{name="1",role="listener"\} 1')


class ScannerTest(HilumTest):
    """The one process that is there only while the spool has what the database does not know."""

    changes = {"models": [], "destinations": []}
    PLANTED = 1500

    def audited(self, kind):
        return [event for event in self.audit_events() if event["type"] == kind]

    def test_one_that_is_stopped_at_a_file_is_killed_and_the_file_is_taken_up_all_the_same(self):
        data = self.folder / "node" / "data"
        self.node.start(inferring=False)
        self.node.stop()
        image, = make_phantoms(self.folder / "phantoms", 1, 46, "--size", "64")
        plant(data, image, self.PLANTED)
        scanner, since = start_and_stop_the_scanner(self.node, data, 1)
        wait_until(lambda: not is_alive(scanner), 60, "what was stopped is killed")
        seconds = round(time.monotonic() - since, 1)
        self.assertLess(count_of_instances(data), self.PLANTED, "it was stopped too late")
        wait_until(lambda: count_of_instances(data) == self.PLANTED, 120, "all are adopted")
        print(f"killed after {seconds} s, all adopted after {round(time.monotonic() - since, 1)} s", flush=True)
        self.assertLess(seconds, USUAL_SILENCE)
        self.assertRegex(self.node.log(), "in the spool is unknown and cannot be read for now .*gave no sign of life")
        self.assertEqual(len(self.audited("instance_adopted")), self.PLANTED, "each once")
        self.assertEqual(self.audited("object_set_aside"), [])


class PredictionTest(StoppedProcessTest):
    """An http process that is started again numbers its requests from the beginning: the first of its life."""

    def predict(self, file):
        return self.node.ask("/api/v1/predict", file.read_bytes(), "POST", timeout=120)

    def only(self, role):
        return next((pid for pid, its in self.processes().items() if its == role), None)

    def images_at_work(self):
        """How many uploads the coordinator holds open, as it does until they are analysed."""
        found = 0
        for descriptor in pathlib.Path(f"/proc/{self.node.process.pid}/fd").iterdir():
            try:
                found += "hilum-upload" in os.readlink(descriptor)
            except FileNotFoundError:
                pass  # closed meanwhile
        return found

    def test_an_image_does_not_get_the_answer_that_an_http_process_before_asked_for(self):
        first, second = make_phantoms(self.folder / "phantoms", 2, seed=45)
        worker, killed = self.only("worker"), self.only("http")
        os.kill(worker, signal.SIGSTOP)
        self.addCleanup(lambda: is_alive(worker) and os.kill(worker, signal.SIGCONT))
        with concurrent.futures.ThreadPoolExecutor() as threads:
            for_nobody = threads.submit(self.predict, first)
            wait_until(lambda: self.images_at_work() == 1, 15, "the first image is at work")
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: self.only("http") not in (None, killed) and http(f"{self.node.url}/healthz")[0] == 200, 15,
                       "http is started again")
            answered = threads.submit(self.predict, second)
            wait_until(lambda: answered.done() or self.images_at_work() == 2, 15, "the second image is at work, or refused")
            os.kill(worker, signal.SIGCONT)
            status, body = answered.result()
            self.assertEqual(for_nobody.result()[0], 0, "its connection went with the process")
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 200, 60, "ready")
        of_first, of_second = (json.loads(self.predict(file)[1])["all_probabilities"] for file in (first, second))
        self.assertNotEqual(of_first, of_second, "images that nothing tells apart")
        if status == 200:
            self.assertEqual(json.loads(body)["all_probabilities"], of_second)
        else:
            self.assertIn("error", json.loads(body), status)


class WholeNodeTest(StoppedProcessTest):
    def test_what_was_stopped_with_its_coordinator_is_not_killed_and_readiness_is_honest_meanwhile(self):
        before = self.processes()
        silent = [self.node.process.pid] + [pid for pid, role in before.items() if role != "http"]
        self.signal_all(silent, signal.SIGSTOP)
        self.addCleanup(self.signal_all, [self.node.process.pid], signal.SIGCONT)
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 503, 25, "http notices")
        self.assertIn("coordinator", http(f"{self.node.url}/readyz")[1].decode())
        looked = time.monotonic()
        wait_until(lambda: time.monotonic() - looked > 8, 20, "a silence that would be too long for one process")
        self.signal_all(silent, signal.SIGCONT)
        wait_until(lambda: http(f"{self.node.url}/readyz")[0] == 200, 20, "ready again")
        looked = time.monotonic()
        wait_until(lambda: time.monotonic() - looked > 10, 20, "looks of the coordinator's")
        self.assertEqual(self.processes(), before)
        self.assertEqual(set(self.silences().values()), {0})


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class WatchdogTest(HilumTest):
    def setUp(self):
        super().setUp()
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.systemd.close)
        self.systemd.bind(str(self.folder / "notify"))
        self.node.environment = {"NOTIFY_SOCKET": str(self.folder / "notify"), "WATCHDOG_USEC": "4000000"}
        self.start_node()

    def is_told_within(self, seconds):
        """Whether the watchdog is, from now on."""
        self.systemd.setblocking(False)
        try:
            while self.systemd.recv(4096):
                pass
        except BlockingIOError:
            pass
        self.systemd.settimeout(seconds)
        try:
            while b"WATCHDOG=1" not in self.systemd.recv(4096):
                pass
            return True
        except TimeoutError:
            return False

    def trace(self, request, thread):
        if LIBC.ptrace(request, thread, None, None) != 0:
            raise unittest.SkipTest(f"a single thread cannot be stopped here: {os.strerror(ctypes.get_errno())}")

    def release(self, threads):
        for thread in threads:
            LIBC.ptrace(PTRACE_DETACH, thread, None, None)

    def test_systemd_is_not_told_while_the_commit_thread_stands_still(self):
        coordinator = self.node.process.pid
        threads = [int(task.name) for task in pathlib.Path(f"/proc/{coordinator}/task").iterdir()
                   if int(task.name) != coordinator]
        self.assertTrue(self.is_told_within(20))
        self.addCleanup(self.release, threads)  # or none can wait for their process's end
        for thread in threads:
            self.trace(PTRACE_SEIZE, thread)
            self.trace(PTRACE_INTERRUPT, thread)
        wait_until(lambda: not self.is_told_within(4), 30, "it is told no more")
        wait_until(lambda: self.node.log().count("the commit thread or the listener does not go on") > 2, 20,
                   "the loop turns")
        self.release(threads)
        self.assertTrue(self.is_told_within(20))


    def test_systemd_is_not_told_while_the_listener_stands_still(self):
        listener, = [pid for pid, role in self.node.descendants() if role == "listener"]
        self.assertTrue(self.is_told_within(20))
        os.kill(listener, signal.SIGSTOP)
        # From the second look in vain until it is killed; else a second goes by without a word at most.
        wait_until(lambda: not self.is_told_within(3), 30, "it is told no more")
        self.assertIn("the commit thread or the listener does not go on", self.node.log())
        self.assertTrue(self.is_told_within(60), "another listener is there")
        self.assertFalse(is_alive(listener))


class HungServiceManagerTest(HilumTest):
    def test_a_service_manager_that_reads_nothing_holds_up_nothing(self):
        manager, others = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
        for one in (manager, others):
            self.addCleanup(one.close)
            one.setblocking(False)
        place = str(self.folder / "notify")
        manager.bind(place)
        with self.assertRaises(BlockingIOError):
            while True:
                others.sendto(b"WATCHDOG=1", place)
        self.node.environment = {"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "400000"}
        self.start_node()
        wait_until(lambda: "the service manager takes no message" in self.node.log(), 30, "that is told")
        self.assertEqual(echo(self.node.port).returncode, 0)
        while True:
            try:
                manager.recv(4096)
            except BlockingIOError:
                break
        manager.settimeout(30)
        self.assertEqual(manager.recv(4096), b"READY=1\nSTATUS=\nWATCHDOG=1", "it had not been told")
        self.assertEqual(manager.recv(4096), b"WATCHDOG=1")


class LostOwnerTest(StoppedProcessTest):
    def test_a_job_whose_owner_is_gone_is_taken_up_when_its_lease_has_passed(self):
        self.assertEqual(self.node.run("destinations", "pause", "pacs").returncode, 0)
        file, = make_phantoms(self.folder / "phantoms", 1, seed=44)
        study = str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID)
        self.send(file)
        database = sqlite3.connect(self.folder / "node" / "data" / "hilum.db", timeout=20)
        self.addCleanup(database.close)

        def of_deliveries(what):
            return database.execute(f"SELECT {what} FROM job WHERE lane = 'deliver/pacs'").fetchall()

        wait_until(lambda: of_deliveries("state") == [("queued",)] * 2, 60, "results that wait")
        # As when the outcome of a claim could not be committed: nobody works on it any more.
        with database:
            database.execute(
                "UPDATE job SET state = 'running', attempt = 1, owner = (SELECT number FROM life), claim = 0, "
                "lease = ? WHERE lane = 'deliver/pacs'", [(time.time_ns() // 1000) + 2_000_000])
        self.assertEqual(of_deliveries("state"), [("running",)] * 2)
        # The node gives leases of a minute and more, and looks at them every 30 s at the latest.
        wait_until(lambda: of_deliveries("state") == [("queued",)] * 2, 45, "they are taken up")
        self.assertIn("lost their owner and are taken up again", self.node.log())
        self.assertEqual(self.node.run("destinations", "resume", "pacs").returncode, 0)
        self.assert_one_report_and_capture(self.await_results([study])[study])
