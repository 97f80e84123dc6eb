"""The processes of a real node are confined as docs/security.md says, and one that is not what it was is found out."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import unittest

import pydicom

from hilum_harness import BINARIES, Hilum, HilumTest, configuration, echo, http, make_phantoms, wait_until
from local_services import free_port
from processes import command_line, has_sanitizer, parent_of
from syslog_server import SyslogServer
from tls_hospital import association_request

ROLES = {"coordinator", "listener", "receiver", "decoder", "worker", "composer", "sender", "syslog", "http"}
FEW_FILES = ROLES - {"coordinator", "listener", "worker", "http"}  # which may open 256
NOBODY = 65534


class UnprivilegedHilum(Hilum):
    """As the user that a service has; only as root can a test become another."""

    def launch(self, arguments, environment=None):
        for path in (self.folder.parent, self.folder, *self.folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        super().launch(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *arguments],
                       environment)


class ConfinementTest(HilumTest):
    changes = {"study": {"idle_timeout": "1s"}}

    def make_node(self, name="node", **changes):
        kind = UnprivilegedHilum if os.geteuid() == 0 and shutil.which("setpriv") else Hilum
        self.flag = self.folder / "forbidden"
        self.flag.write_bytes(b"\0")
        audit_server = SyslogServer().start()
        self.addCleanup(audit_server.stop)
        text = configuration(self.folder / name / "data", self.pacs.port, **{
            **self.changes, "http": {"listen": f"127.0.0.1:{free_port()}"}, "audit": {"syslog": [
                {"name": "arr", "host": "127.0.0.1", "port": audit_server.port, "protocol": "tcp"}]}})
        node = kind(BINARIES, self.folder / name, text, {
            "LD_PRELOAD": str(BINARIES.parent / "tests" / "forbidden_call.so"),
            "HILUM_TEST_FORBIDDEN": str(self.flag), "ASAN_OPTIONS": "verify_asan_link_order=0"})
        if kind is UnprivilegedHilum:
            os.chown(self.flag, NOBODY, NOBODY)
        self.addCleanup(node.kill)
        return node

    def setUp(self):
        super().setUp()
        self.start_node()

    def processes(self):
        """{role: pid}"""
        found = {"coordinator": self.node.process.pid}
        for pid, role in self.node.descendants():
            program = command_line(pid)
            if role == "listener" and parent_of(pid) != self.node.process.pid:
                role = "receiver"
            found[role or ("worker" if program and program[0].endswith("hilum-worker") else "")] = pid
        return found

    def thread_states(self, pid):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            lines = (task / "status").read_text().splitlines()
            yield dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def assert_confined(self, role, pid):
        for state in self.thread_states(pid):
            with self.subTest(role=role, thread=state["Pid"]):
                self.assertEqual(state["NoNewPrivs"], "1")
                self.assertEqual(state["Seccomp"], "2")
                self.assertEqual(self.filters(state), 1 + self.filters_above(role), f"{role} filtered its own calls")
                for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                    self.assertEqual(int(state[capabilities], 16) & ~(1 << 10 if role == "coordinator" else 0), 0)
        # Root's processes' files are root's in any case; what has a sanitizer traces itself.
        if self.user() != 0 and not has_sanitizer(pid):
            self.assertEqual(os.stat(f"/proc/{pid}/mem").st_uid, 0, f"{role} can be read by its own user")
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0")
        if role in FEW_FILES:
            self.assertRegex(limits, r"Max open files +256 +256 ", role)

    @staticmethod
    def filters(state):
        return int(state["Seccomp_filters"])

    def filters_above(self, role):
        """How many a process has from those that started it; this test, the coordinator, for a receiver also the listener."""
        own = self.filters(next(iter(self.thread_states(os.getpid()))))
        return own + {"coordinator": 0, "receiver": 2}.get(role, 1)

    def associate(self):
        """Holds a receiver for as long as the test lasts."""
        caller = socket.create_connection(("127.0.0.1", self.node.port), timeout=60)
        self.addCleanup(caller.close)
        caller.sendall(association_request("MODALITY"))
        self.assertEqual(caller.recv(1), b"\x02", "A-ASSOCIATE-AC")

    def user(self):
        return int(next(iter(self.thread_states(self.node.process.pid)))["Uid"].split()[1])

    def assert_no_strange_descriptors(self, role, pid):
        """Beside standard input, output and error: sockets, memory and events of Hilum's own."""
        for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(entry)
            if role == "worker" and "/golden/" in target:
                continue  # of its package, which it hands on
            if role in ("decoder", "composer", "sender", "worker") and int(entry.name) > 2:
                self.assertRegex(target, r"^(socket:|anon_inode:|/memfd:|pipe:)", f"{role} has {target}")
            if role not in ("coordinator", "http"):
                self.assertNotIn("hilum.db", target, role)

    def test_every_process_is_confined_and_a_forbidden_call_costs_one_attempt_and_is_told(self):
        first, second = make_phantoms(self.folder / "phantoms", 2, seed=91)
        studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in (first, second)]
        self.send(first)
        self.assert_one_report_and_capture(self.await_results(studies[:1])[studies[0]])
        self.associate()
        processes = self.processes()
        self.assertLessEqual(ROLES, set(processes))
        for role, pid in processes.items():
            self.assert_confined(role, pid)
            self.assert_no_strange_descriptors(role, pid)
        self.assertEqual({parent_of(processes[role]) for role in ROLES - {"coordinator", "receiver"}}, {processes["coordinator"]})
        self.assertEqual(parent_of(processes["receiver"]), processes["listener"])

        self.arm(1)
        self.send(second)
        self.assert_one_report_and_capture(self.await_results(studies[1:])[studies[1]])
        self.assertIn("made the system call setns, which its role may not make", self.node.log())
        status = json.loads(self.node.run("status", "--json").stdout)
        self.assertIn("system calls filtered", status["confinement"])
        self.assertEqual(sum(child["forbidden_calls"] for child in status["children"]), 1)
        self.assertTrue(any("last setns" in sentence for sentence in status["to_look_at"]), status["to_look_at"])
        metrics = http(f"{self.node.url}/metrics")[1].decode()
        self.assertRegex(metrics, r'hilum_child_forbidden_calls_total\{name="\d",role="decoder"\} 1')
        attempts = [job["attempts"] for job in self.jobs() if job["kind"] == "analysis"]
        self.assertEqual(sorted(attempts), [1, 2])

    def arm(self, role):
        """The role's number, as forbidden_call.cpp has it."""
        with open(self.flag, "r+b") as flag:
            flag.write(bytes([role]))

    def test_a_forbidden_call_is_told_of_every_role_that_hears_foreign_bytes(self):
        files = make_phantoms(self.folder / "phantoms", 3, seed=92)
        studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in files]
        causes = {"composer": lambda: self.send(files[0]), "sender": lambda: self.send(files[1]),
                  "syslog": lambda: self.send(files[2]), "http": lambda: None, "receiver": lambda: echo(self.node.port)}
        for number, (role, cause) in enumerate(causes.items(), 2):
            self.arm(number)
            cause()
            wait_until(lambda role=role: re.search(rf"\b{role}\b.* made the system call setns", self.node.log()), 60,
                       f"a call of {role} is told")
        found = self.await_results(studies)
        for study in studies:
            self.assert_one_report_and_capture(found[study], study)

    def test_an_operator_is_told_what_is_in_force(self):
        checked = subprocess.run([BINARIES / "hilumd", "--config", self.node.configuration_file, "--check"],
                                 capture_output=True, text=True, timeout=60, check=False).stdout
        self.assertIn("confinement here: system calls filtered", checked)
        self.assertIn("confinement: system calls filtered", self.node.log())


if __name__ == "__main__":
    unittest.main()
