"""People of this machine whom the kernel names: HTTP by a Unix socket, and the command line of a group of operators."""

import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import pydicom

from hilum_harness import BINARIES, HilumTest, configuration, make_phantoms, need, wait_until

# Users and groups that every Debian has. Only root can become them.
READER, ACTOR, STRANGER = "games", "news", "nobody"
READERS, ACTORS, OPERATORS = "audio", "video", "dialout"
NO_LOGIN = 4294967295  # as the kernel has it


def as_user(name, *groups):
    """For subprocess: as this user, in these groups beside their own."""
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": list(groups), "cwd": "/"}


class LocalUsersTest(HilumTest):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become the users that this takes")
        if subprocess.run([BINARIES / "hilum", "--version"], capture_output=True, check=False, **as_user(STRANGER)).returncode:
            self.skipTest("other users cannot run what was built here")
        # Others must reach the sockets, and nothing else of the node.
        self.public = pathlib.Path(tempfile.mkdtemp(prefix="hilum-run-"))
        self.addCleanup(shutil.rmtree, self.public, ignore_errors=True)
        self.public.chmod(0o755)
        super().setUp()

    def events(self, kind):
        return [event for event in self.audit_events() if event["type"] == kind]


class HttpSocketTest(LocalUsersTest):
    changes = {"models": []}

    def setUp(self):
        need("curl")
        super().setUp()

    def make_node(self, name="node", **changes):
        self.socket = self.public / "http.sock"
        return super().make_node(name, http={"socket": str(self.socket), "socket_groups": {READERS: "read", ACTORS: "act"}},
                                 **changes)

    def curl(self, who, path, *options):
        """The status and the body that a user gets."""
        asked = subprocess.run(["curl", "-sS", "--max-time", "60", "--unix-socket", str(self.socket), "-w", "\n%{http_code}", *options,
                                f"http://localhost{path}"], capture_output=True, text=True, timeout=90, check=False, **who)
        self.assertEqual(asked.returncode, 0, asked.stderr)
        body, _, status = asked.stdout.rpartition("\n")
        return int(status), body

    def start_with_a_study(self):
        self.node.start(inferring=False)
        self.phantom, = make_phantoms(self.folder / "phantom", 1, seed=5)
        self.study = str(pydicom.dcmread(self.phantom, stop_before_pixels=True).StudyInstanceUID)
        self.send(self.phantom)

    def test_groups_say_who_sees_what_and_the_audit_trail_has_their_members(self):
        self.start_with_a_study()
        reader, actor, stranger, root = (as_user(READER, READERS), as_user(ACTOR, ACTORS), as_user(STRANGER), {})
        both = as_user(READER, READERS, ACTORS)
        upload = self.public / "image.dcm"
        shutil.copy(self.phantom, upload)
        upload.chmod(0o644)
        post = ("--data-binary", f"@{upload}")
        # There is no model (404) for those who may ask for a prediction.
        for who, studies, predicted in ((reader, 200, 403), (actor, 200, 404), (both, 200, 404), (stranger, 403, 403),
                                        (root, 403, 403)):
            for path in ("/healthz", "/metrics", "/"):
                self.assertEqual(self.curl(who, path)[0], 200, f"{path} as {who}")
            status, body = self.curl(who, f"/api/v1/studies?study_instance_uid={self.study}")
            self.assertEqual(status, studies, who)
            self.assertEqual(self.study in body, studies == 200, who)
            self.assertEqual(self.curl(who, "/api/v1/predict", *post)[0], predicted, who)
        refused = json.loads(self.curl(stranger, "/api/v1/studies")[1])["error"]["message"]
        self.assertIn(f"{READERS}, {ACTORS}", refused)

        def looks(name, **wanted):
            uid = pwd.getpwnam(name).pw_uid
            return [event for event in self.events("http_access") if f"uid {uid} ({name})" in event["actor"] and
                    all(event[key] == value for key, value in wanted.items())]
        seen = wait_until(lambda: looks(READER, outcome="success"), 30, "an event")[0]
        self.assertEqual(seen["actor"], f"HTTP client uid {pwd.getpwnam(READER).pw_uid} ({READER}) (read) at http.socket")
        self.assertEqual(seen["study_instance_uid"], self.study)
        wait_until(lambda: looks(STRANGER, outcome="failure"), 30, "an event")
        self.assertEqual(looks(STRANGER, outcome="success"), [])
        wait_until(lambda: looks("root", outcome="failure"), 30, "an event")

    def test_a_token_adds_nothing_and_a_page_from_elsewhere_gets_nothing(self):
        self.start_with_a_study()
        token = ("-H", f"Authorization: Bearer {self.node.token}")
        self.assertEqual(self.curl(as_user(STRANGER), "/api/v1/studies", *token)[0], 403)
        reader = as_user(READER, READERS)
        for field, expected in (("Origin: http://localhost", 200), ("Origin: http://evil.example", 403), ("Origin: null", 403),
                                ("Sec-Fetch-Site: cross-site", 403), ("Sec-Fetch-Site: same-site", 403),
                                ("Sec-Fetch-Site: same-origin", 200), ("Sec-Fetch-Site: none", 200)):
            self.assertEqual(self.curl(reader, "/api/v1/studies", "-H", field)[0], expected, field)
        self.assertEqual(self.curl(reader, "/api/v1/studies", "-H", "Host: evil.example")[0], 421)

    def test_it_stands_alone_where_there_is_no_port_and_outlives_kills(self):
        settings = json.loads(self.node.configuration_file.read_text())
        settings["http"]["listen"] = "none"
        self.node.configure(json.dumps(settings))
        self.launch()
        self.node.process.send_signal(signal.SIGKILL)
        self.node.process.wait()
        self.assertTrue(self.socket.exists(), "a killed node leaves it")
        self.launch()
        server, = [pid for pid, role in self.node.descendants() if role == "http"]
        os.kill(server, signal.SIGKILL)
        wait_until(self.answers, 60, "the new http process answers")

    def launch(self):
        self.node.launch([BINARIES / "hilumd", "--config", self.node.configuration_file])
        self.node.await_ready(self.answers, 60)

    def answers(self):
        try:
            return self.curl(as_user(STRANGER), "/healthz") == (200, "ok\n")
        except AssertionError:
            return False


class SocketFileTest(LocalUsersTest):
    def test_what_is_no_socket_or_in_use_is_left_alone_and_told(self):
        path = self.public / "http.sock"
        self.node.configure(configuration(self.node.folder / "data", self.pacs.port, models=[], http={"socket": str(path)}))
        path.write_text("mine")
        self.node.launch([BINARIES / "hilumd", "--config", self.node.configuration_file])
        self.node.await_ready(lambda: f"http.socket: {path} is there and is no socket" in self.node.log(), 60)
        self.assertEqual(path.read_text(), "mine")
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            self.node.await_ready(lambda: f"another process listens on {path}" in self.node.log(), 60)
        # Its owner is gone now: what it left is no hindrance.
        self.node.await_ready(lambda: f"HTTP on {path}" in self.node.log(), 60)

    def test_groups_that_do_not_exist_are_told_by_check_and_give_nobody_anything(self):
        path = self.public / "http.sock"
        self.node.configure(configuration(
            self.node.folder / "data", self.pacs.port, models=[],
            node={"control_socket": str(self.public / "control.sock"), "operators": "no-such-group"},
            http={"socket": str(path), "socket_groups": {"no-such-group": "act"}}))
        checked = subprocess.run([BINARIES / "hilumd", "--config", self.node.configuration_file, "--check"], capture_output=True, text=True,
                                 timeout=60, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        for key in ("node.operators", "http.socket_groups.no-such-group"):
            self.assertIn(f"{key}: there is no group 'no-such-group'", checked.stderr)
        self.node.start(inferring=False)
        self.assertIn("HILUM", self.node.run("status").stdout)
        self.assertIn("node.operators: there is no group", self.node.log())


class OperatorsTest(LocalUsersTest):
    changes = {"models": []}

    def make_node(self, name="node", **changes):
        self.control = self.public / "control.sock"
        return super().make_node(name, node={"control_socket": str(self.control), "operators": OPERATORS}, **changes)

    def hilum(self, who, *verb):
        return subprocess.run([BINARIES / "hilum", "--config", str(self.readable), *verb], capture_output=True, text=True,
                              timeout=60, check=False, **who)

    def start_readable(self):
        """The configuration is for everybody to read, as the package's is."""
        self.node.start(inferring=False)
        self.readable = self.public / "hilum.yaml"
        shutil.copy(self.node.configuration_file, self.readable)
        self.readable.chmod(0o644)

    def test_the_group_may_ask_others_may_not_and_the_trail_names_its_members(self):
        self.start_readable()
        member, stranger = as_user(READER, OPERATORS), as_user(STRANGER)
        for verb in (("status",), ("studies",), ("jobs", "list"), ("audit", "verify"), ("destinations", "pause", "pacs")):
            done = self.hilum(member, *verb)
            self.assertIn(done.returncode, (0, 1), f"{verb}: {done.stdout}{done.stderr}")  # 1: the node is not well
            turned_away = self.hilum(stranger, *verb)
            self.assertEqual(turned_away.returncode, 3, f"{verb}: {turned_away.stdout}{turned_away.stderr}")
            self.assertIn("the group of node.operators", turned_away.stderr)
        paused, = self.events("destination_paused")
        self.assertEqual(paused["actor"], f"operator uid {pwd.getpwnam(READER).pw_uid} ({READER})")
        # Those who were turned away are in it, too.
        refused = self.events("control_refused")
        self.assertEqual({(event["actor"], event["outcome"]) for event in refused},
                         {(f"uid {pwd.getpwnam(STRANGER).pw_uid} ({STRANGER})", "failure")})
        self.assertEqual(len(refused), 5)
        # Files of the node stay closed to them.
        self.assertNotEqual(self.hilum(member, "database", "check").returncode, 0)

    def test_the_trail_names_the_person_behind_sudo(self):
        self.start_readable()
        login = pathlib.Path("/proc/self/loginuid")
        uid = int(login.read_text()) if login.exists() else NO_LOGIN
        if uid == 0:
            self.skipTest("root logged in itself here, which the kernel says of whoever asks")
        by_sudo = {"env": {**os.environ, "SUDO_USER": "alice", "SUDO_UID": "1234"}}
        self.assertEqual(self.hilum(by_sudo, "destinations", "pause", "pacs").returncode, 0)
        paused, = self.events("destination_paused")
        # The kernel's word counts more than the client's, where there is one.
        told = "who says: alice (uid 1234) by sudo" if uid == NO_LOGIN else f"logged in as uid {uid}"
        self.assertTrue(paused["actor"].startswith(f"operator uid 0 (root), {told}"), paused["actor"])

    def test_without_a_node_operators_are_told_why_they_see_nothing(self):
        self.start_readable()
        self.node.stop()
        # The data is its owner's alone, as the package has it.
        done = self.hilum(as_user(READER, OPERATORS), "status")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("hilumd does not run, and only root and its user may look into", done.stderr)


if __name__ == "__main__":
    unittest.main()
