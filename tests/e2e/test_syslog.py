"""The audit trail at a syslog server: each event, in order, whatever breaks on the way."""

import contextlib
import json
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from certificates import Authority
from hilum_harness import BINARIES, SOURCE, Hilum, configuration, echo, http, make_phantoms, merged, need, store, wait_until
from syslog_server import Received, SyslogServer

SCHEMA = SOURCE / "tests" / "support" / "audit_message.rng"


class SyslogTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        need("storescu", "echoscu", "openssl", "xmllint")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-syslog-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.images = make_phantoms(self.folder / "phantoms", 4, 3, "--size", "64")

    def make_node(self, server, audit=None, **settings):
        one = merged({"name": "arr", "host": "127.0.0.1", "port": server.port, "protocol": server.protocol,
                      "first_delay": "100ms", "longest_delay": "500ms", "timeout": "3s"}, settings)
        self.node = Hilum(BINARIES, self.folder / "node", configuration(
            self.folder / "node" / "data", models=[], destinations=[],
            audit=merged({"syslog": [one]}, audit or {})))
        self.addCleanup(self.node.kill)
        return self.node

    def serve(self, *arguments, **options):
        server = SyslogServer(*arguments, **options).start()
        self.addCleanup(server.stop)
        return server

    def send(self, *files):
        sent = store(self.node.port, *files)
        self.assertEqual(sent.returncode, 0, sent.stderr)

    def trail(self):
        exported = self.node.run("audit", "export")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        return [json.loads(line) for line in exported.stdout.splitlines()]

    def status(self):
        return json.loads(self.node.run("--json", "status").stdout)

    def await_whole_trail(self, *servers, seconds=60):
        """Until the servers together have the trail that the node exports."""
        def lacking():
            got = {event["id"]: event for server in servers for event in server.events()}
            return [event for event in self.trail() if got.get(event["id"]) != event]
        wait_until(lambda: not lacking(), seconds, "the server has the whole trail")

    def assert_in_order(self, *servers):
        """Events may come again, but none before those before it."""
        newest = 0
        for event in (event for server in servers for event in server.events()):
            self.assertLessEqual(event["id"], newest + 1, "an event was left out")
            newest = max(newest, event["id"])

    def assert_valid(self, server):
        files = []
        for number, message in enumerate(one for one in server.received() if one.is_audit):
            files.append(self.folder / f"message{number}.xml")
            files[-1].write_text(message.xml, encoding="utf-8")
        judged = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, *files], capture_output=True, text=True, check=False)
        self.assertEqual(judged.returncode, 0, judged.stderr[-2000:])

    def metric(self, name):
        _, text = http(f"{self.node.url}/metrics")
        values = [line.split()[-1] for line in text.decode().splitlines() if line.startswith(f"{name}{{")]
        self.assertEqual(len(values), 1, name)
        return float(values[0])

    def test_an_outage_of_the_server_and_the_death_of_the_node_leave_no_gap(self):
        first = self.serve()
        self.make_node(first).start(inferring=False)
        self.send(self.images[0])
        self.await_whole_trail(first)
        ready = http(f"{self.node.url}/readyz")
        first.stop()
        self.send(self.images[1])
        wait_until(lambda: self.status()["audit_server_states"][0]["state"] == "down", 30, "the outage is told")
        status = self.node.run("status")
        self.assertEqual(status.returncode, 1)
        self.assertRegex(" ".join(status.stdout.split()), r"audit trail does not reach the syslog server arr since .* for it: ")
        self.assertEqual(self.metric("hilum_audit_syslog_up"), 0)
        self.assertEqual(http(f"{self.node.url}/readyz"), ready, "it receives and infers as before")
        self.assertGreater(self.metric("hilum_audit_syslog_waiting"), 0)
        self.node.process.kill()
        self.node.process.wait()
        self.node.start(inferring=False)
        self.send(self.images[2])
        second = self.serve(port=first.port)
        self.await_whole_trail(first, second)
        self.assert_in_order(first, second)
        self.assert_valid(second)
        wait_until(lambda: self.metric("hilum_audit_syslog_waiting") == 0, 30, "nothing waits")
        self.assertEqual(self.metric("hilum_audit_syslog_up"), 1)
        self.assertGreaterEqual(self.metric("hilum_audit_syslog_sent_total"), len(self.trail()))
        self.assertEqual(self.status()["audit_servers"][0]["waiting"], 0)

    def test_what_a_server_took_and_never_read_is_sent_again(self):
        deaf = self.serve(deaf=True)
        self.make_node(deaf).start(inferring=False)
        self.send(self.images[0])
        wait_until(lambda: deaf.taken == 1, 30, "the node connects")
        before = self.metric("hilum_audit_syslog_waiting")
        self.assertGreater(before, 0, "what the system of the server took has not arrived")
        deaf.stop()
        server = self.serve(port=deaf.port)
        self.await_whole_trail(server)
        self.assert_in_order(server)

    def test_a_killed_node_sends_again_what_is_not_known_to_have_arrived(self):
        server = self.serve()
        self.make_node(server).start(inferring=False)
        for image in self.images:
            self.send(image)
            self.node.process.kill()
            self.node.process.wait()
            self.node.start(inferring=False)
        self.await_whole_trail(server)
        self.assert_in_order(server)
        self.assertEqual(server.errors, [])

    def test_over_tls_the_trail_goes_to_who_is_known_and_to_nobody_else(self):
        authority, other = Authority(self.folder / "ca", "Hospital"), Authority(self.folder / "other", "Somebody")
        stranger = self.serve("tls", other.issue("arr", "IP:127.0.0.1"))
        self.make_node(stranger, tls={"ca": str(authority.certificate)}).start(inferring=False)
        self.send(self.images[0])
        wait_until(lambda: self.status()["audit_server_states"][0]["state"] == "down", 30, "it is refused")
        self.assertIn("certificate", self.status()["audit_server_states"][0]["error"])
        self.assertEqual(stranger.lines, [])
        stranger.stop()
        server = self.serve("tls", authority.issue("arr", "IP:127.0.0.1"), port=stranger.port)
        self.await_whole_trail(server)
        self.assert_in_order(server)
        self.assertEqual(stranger.lines, [])

    def test_over_udp_everything_comes_as_long_as_somebody_listens(self):
        first = self.serve("udp")
        self.make_node(first).start(inferring=False)
        self.send(self.images[0])
        self.await_whole_trail(first)
        first.stop()
        self.send(self.images[1])
        wait_until(lambda: self.status()["audit_server_states"][0]["state"] == "down", 60, "nobody listens")
        second = self.serve("udp", port=first.port)
        self.await_whole_trail(first, second)
        self.assert_in_order(first, second)

    def test_ten_thousand_events_that_wait_are_sent_soon(self):
        server = self.serve()
        self.make_node(server).start(inferring=False)
        self.await_whole_trail(server)
        self.node.stop()
        with contextlib.closing(sqlite3.connect(self.folder / "node" / "data" / "hilum.db")) as database, database:
            newest = database.execute("SELECT max(id) FROM audit_event").fetchone()[0]
            database.executemany(
                "INSERT INTO audit_event SELECT ?, at, 'instance_received', 'success', 'CR@10.1.0.9', '1.2.3', '1.2.3.4', 'P''<&>',"
                " '{\"note\": \"x\"}', hash FROM audit_event WHERE id = ?", ((newest + 1 + i, newest) for i in range(10000)))
            # One that nobody can read holds up no other.
            database.execute("UPDATE audit_event SET detail = '{' WHERE id = ?", (newest + 5000,))
        self.node.start(inferring=False)
        # Behind them comes that the node was started.
        wait_until(lambda: Received(server.lines[-1]).event["id"] > newest + 10000, 60, "they are sent")
        numbers = sorted({event["id"] for event in server.events() if event})
        self.assertEqual([number for number in range(newest + 1, newest + 10001) if number not in numbers], [newest + 5000])
        self.assertEqual(sum(event is None for event in server.events()), 1, "its number is told")
        self.assertEqual(echo(self.node.port).returncode, 0)

    def test_signed_heads_are_read_out_of_what_the_server_wrote(self):
        key, public_key = self.folder / "audit.key", self.folder / "audit.pub"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public_key], check=True)
        server = self.serve()
        self.make_node(server, {"sign": {"key": str(key), "every": "1ms"}}).start(inferring=False)
        self.send(self.images[0])
        wait_until(lambda: any(one.id == "HILUM+HEAD" for one in server.received()), 60, "a head comes")
        heads = self.folder / "messages.log"
        heads.write_text("".join(one.line.replace("\n", " ") + "\n" for one in server.received()), encoding="utf-8")
        verified = self.node.run("audit", "verify", "--against", str(heads), "--key", str(public_key))
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertIn("is the one that was signed", " ".join(verified.stdout.split()))


if __name__ == "__main__":
    unittest.main()
