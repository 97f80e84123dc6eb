"""Destinations that are down, that refuse, that come back: results wait, and arrive once."""

import json
import os
import socket
import subprocess
import time

import pydicom

from hilum_harness import BINARIES, SECONDARY_CAPTURE, HilumTest, http, make_phantoms, need, wait_until
from local_services import free_port
from slow_line import SlowLine


class Deliveries(HilumTest):
    def setUp(self):
        super().setUp()
        self.start_node()
        self.files = make_phantoms(self.folder / "phantoms", 2, seed=11)
        self.studies = [str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID) for file in self.files]

    def deliveries(self):
        return [job for job in self.jobs() if job["kind"] == "delivery"]

    def await_failed_attempt(self):
        return wait_until(lambda: [job for job in self.deliveries() if job["attempts"] > 0 and job["error"]], 60,
                          "a failed attempt")

    def assert_each_delivered_once(self):
        found = self.await_results(self.studies)
        for study in self.studies:
            self.assert_one_report_and_capture(found[study], study)


class DeliveryTest(Deliveries):
    def test_results_wait_for_a_destination_that_is_down_and_arrive_when_it_is_up(self):
        self.pacs.stop()
        self.send(*self.files)
        job = self.await_failed_attempt()[0]
        self.assertIn(str(self.pacs.port), job["error"])
        self.assertEqual(job["state"], "queued")
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()

    def test_results_survive_a_restart_while_the_destination_is_down(self):
        self.pacs.stop()
        self.send(*self.files)
        self.await_failed_attempt()
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()

    def test_a_destination_that_does_not_know_us_is_told_of_and_tried_again(self):
        self.pacs.know("hilum", "SOMEBODY", self.node.port)
        self.send(*self.files)
        job = self.await_failed_attempt()[0]
        self.assertIn("reject", job["error"])
        shown = self.node.run("jobs", "list", "--json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn(job["error"], [row["error"] for row in json.loads(shown.stdout)["jobs"]])
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()


class DamagedResultTest(Deliveries):
    """What lies in results/ while a destination is down, and is another when it comes back."""

    DAMAGES = {
        "gone": lambda file: file.unlink(),
        "empty": lambda file: file.write_bytes(b""),
        "cut": lambda file: file.write_bytes(file.read_bytes()[:-100]),
        "changed": lambda file: file.write_bytes(file.read_bytes()[:-1] + b"x"),
    }

    def events(self, kind):
        exported = self.node.run("audit", "export")
        return [event for event in map(json.loads, exported.stdout.splitlines()) if event["type"] == kind]

    def test_it_is_composed_anew_and_arrives_as_it_was(self):
        self.pacs.stop()
        self.send(*self.files)
        wait_until(lambda: len(self.deliveries()) == 4, 60, "four results wait")
        files = sorted((self.folder / "node" / "data" / "results").glob("*.dcm"))
        self.assertEqual(len(files), 4)
        composed = {file.name: file.read_bytes() for file in files}
        for file, damage in zip(files, self.DAMAGES.values()):
            damage(file)
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()
        for file in files:
            self.assertEqual(file.read_bytes(), composed[file.name], "the same bytes under the same UID")
        damaged = self.events("result_damaged")
        self.assertGreaterEqual(len({event["sop_instance_uid"] for event in damaged}), 3, damaged)
        self.assertTrue(all(event["detail"]["composed_anew"] for event in damaged), damaged)
        self.assertEqual(len(self.events("result_delivered")), 4)


class DownTest(Deliveries):
    def status(self):
        shown = self.node.run("status", "--json")
        status = json.loads(shown.stdout)
        self.assertEqual(shown.returncode, 0 if status["well"] else 1, shown.stderr)
        return status

    def state(self):
        return self.status()["destination_states"][0]["state"]

    def metrics(self):
        return http(f"{self.node.url}/metrics")[1].decode()

    def test_a_destination_that_is_down_is_probed_and_everything_waits(self):
        self.assertEqual(self.state(), "up")
        self.pacs.stop()
        self.send(*self.files)
        wait_until(lambda: len(self.deliveries()) == 4 and self.state() == "down", 60, "four results wait")
        self.assertIn('hilum_destination_up{destination="pacs"} 0', self.metrics())
        self.assertIn("DOWN since", self.node.run("status").stdout)
        self.assertFalse(self.status()["well"])
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assert_each_delivered_once()
        self.assertEqual(self.state(), "up")
        self.assertIn('hilum_destination_up{destination="pacs"} 1', self.metrics())
        tried = sorted(job["attempts"] for job in self.deliveries())
        self.assertEqual(tried[:3], [1, 1, 1], "only one found out that it is down")


class SlowLineTest(Deliveries):
    """A line on which a capture takes longer than `timeout`, and than the time after which a sender that makes no
    progress is killed."""

    def make_node(self, name="node", **changes):
        self.line = SlowLine(self.pacs.port, 250_000)
        self.addCleanup(self.line.close)
        # A name, which has an IPv6 address first on most machines, where nobody listens.
        destination = {"name": "pacs", "ae_title": "ORTHANC", "host": "localhost", "port": self.line.port,
                       "first_delay": "200ms", "longest_delay": "1s", "timeout": "2s"}
        return super().make_node(name, destinations=[destination], **changes)

    def test_a_slow_line_is_no_silence(self):
        started = time.monotonic()
        self.send(self.files[0])
        wait_until(lambda: [job["state"] for job in self.deliveries()] == ["delivered"] * 2, 120, "two deliveries")
        self.assertGreater(time.monotonic() - started, 4 * 2 + 5, "else the line was not slow")
        self.assertEqual([job["attempts"] for job in self.deliveries()], [1, 1])
        self.assertLessEqual(self.line.connections, 2, "each result at most has an association of its own")
        self.assertNotIn("is killed", self.node.log())


class EchoTest(HilumTest):
    """What `hilum echo` says of peers that do not answer as a DICOM node does."""

    def echo(self, *options, command=()):
        asked = subprocess.run([*command, BINARIES / "hilum", "echo", "--json", *options], capture_output=True,
                               text=True, timeout=60, check=False)
        self.assertEqual(asked.returncode, 1, asked.stdout + asked.stderr)
        return json.loads(asked.stdout)["echoes"][0]["message"]

    def test_a_peer_that_is_no_dicom_node_is_said_to_be_none(self):
        self.node.start()
        port = self.node.url.rpartition(":")[2]
        self.assertIn("is no DICOM node (it is a web server)", self.echo("--host", "127.0.0.1", "--port", port))

    def test_ipv6_addresses_are_tried(self):
        said = self.echo("--host", "[::1]", "--port", "1")
        self.assertIn("cannot connect to ANY-SCP at [::1]:1 (Connection refused)", said)

    def test_a_dns_that_is_silent_ends_within_the_timeout(self):
        need("unshare", "mount")
        if os.geteuid() != 0:
            self.skipTest("only root may mount another resolv.conf and listen as a DNS server")
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        silent.bind(("127.9.9.9", 53))
        resolver = self.folder / "resolv.conf"
        resolver.write_text("nameserver 127.9.9.9\noptions timeout:30 attempts:5\n")
        names = self.folder / "nsswitch.conf"
        names.write_text("hosts: dns\n")
        settings = json.loads(self.node.configuration_file.read_text())
        settings["destinations"][0].update(host="pacs.example.org", timeout="1s")
        file = self.folder / "silent.yaml"
        file.write_text(json.dumps(settings))
        script = f'mount --bind {resolver} /etc/resolv.conf && mount --bind {names} /etc/nsswitch.conf && exec "$@"'
        tried = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", "true"], capture_output=True, text=True,
                               timeout=60, check=False)
        if tried.returncode != 0:
            self.skipTest(f"another resolv.conf cannot be mounted here: {tried.stderr}")
        before = time.monotonic()
        said = self.echo("pacs", "--config", file, command=["unshare", "--mount", "sh", "-c", script, "sh"])
        self.assertLess(time.monotonic() - before, 20)
        self.assertIn("the DNS does not answer within 1s", said)


class PauseTest(Deliveries):
    def pause(self, verb):
        changed = self.node.run("destinations", verb, "pacs")
        self.assertEqual(changed.returncode, 0, changed.stderr)

    def test_a_paused_destination_gets_nothing_also_after_a_restart_until_it_is_resumed(self):
        self.pause("pause")
        self.send(*self.files)
        wait_until(lambda: len(self.deliveries()) == 4, 60, "four results wait")
        self.assertEqual(self.node.stop(), 0)
        self.start_node()
        phantom, = make_phantoms(self.folder / "another", 1, seed=77)
        self.send(phantom)
        wait_until(lambda: len(self.deliveries()) == 6, 60, "six results wait")
        self.assertEqual({(job["state"], job["attempts"]) for job in self.deliveries()}, {("queued", 0)})
        self.assertEqual(self.results(), {})
        self.assertIn("paused since", self.node.run("status").stdout)
        self.pause("resume")
        self.assert_each_delivered_once()
        self.assertLessEqual({"destination_paused", "destination_resumed"},
                             {event["type"] for event in self.audit_events()})

    def test_a_destination_that_is_not_configured_is_named(self):
        changed = self.node.run("destinations", "pause", "nowhere")
        self.assertEqual(changed.returncode, 1)
        self.assertIn("no destination named 'nowhere' is configured", changed.stderr)


class RefusedClassTest(HilumTest):
    """A PACS that takes the Secondary Capture and not the Structured Report."""

    profile = """[[TransferSyntaxes]]
[Uncompressed]
TransferSyntax1 = LittleEndianExplicit
TransferSyntax2 = LittleEndianImplicit
[[PresentationContexts]]
[Captures]
PresentationContext1 = SecondaryCaptureImageStorage\\Uncompressed
PresentationContext2 = VerificationSOPClass\\Uncompressed
[[Profiles]]
[Default]
PresentationContexts = Captures
"""

    def test_the_capture_arrives_and_the_report_is_seen_to_wait(self):
        taken = self.folder / "taken"
        taken.mkdir()
        (self.folder / "profile.cfg").write_text(self.profile)
        port = free_port()
        peer = subprocess.Popen(["storescp", "-od", str(taken), "-xf", str(self.folder / "profile.cfg"), "Default",
                                 str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        settings = json.loads(self.node.configuration_file.read_text())
        settings["destinations"][0]["port"] = port
        self.node.configure(json.dumps(settings))
        wait_until(lambda: subprocess.run(["echoscu", "127.0.0.1", str(port)], capture_output=True,
                                          check=False).returncode == 0, 30, "storescp is up")
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1, seed=5)
        self.send(phantom)
        files = wait_until(lambda: list(taken.iterdir()), 60, "the capture arrives")
        self.assertEqual(pydicom.dcmread(files[0]).SOPClassUID, SECONDARY_CAPTURE)

        def waiting():
            return [job for job in self.jobs() if job["kind"] == "delivery" and job["state"] == "queued"
                    and job["attempts"] > 0]

        report, = wait_until(waiting, 60, "the report is seen to wait")
        self.assertIn("does not accept Comprehensive3DSRStorage", report["error"])
        self.assertIn("does not accept Comprehensive3DSRStorage", self.node.run("status", "--json").stdout)
        self.assertRegex(http(f"{self.node.url}/metrics")[1].decode(),
                         'hilum_deliveries_total{destination="pacs",outcome="retry"} [1-9]')
        self.assertIn("does not accept", json.dumps(
            [event for event in self.audit_events() if event["type"] == "delivery_failed"]))


class ExpiryTest(Deliveries):
    """A result that could not be delivered for long is kept, shown, and sent when an operator says so."""

    changes = {"destinations": [{
        "name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": 1, "first_delay": "100ms",
        "longest_delay": "200ms", "timeout": "5s", "give_up_after": "1s"}]}

    def make_node(self, name="node", **changes):
        destination = {**self.changes["destinations"][0], "port": self.pacs.port}
        return super().make_node(name, destinations=[destination], **changes)

    def test_what_expired_is_sent_when_an_operator_retries_it(self):
        self.pacs.stop()
        self.send(*self.files)
        wait_until(lambda: len([job for job in self.deliveries() if job["state"] == "expired"]) == 4, 60,
                   "four deliveries expire")
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        for study in self.studies:
            retried = self.node.run("jobs", "retry", "--study", study)
            self.assertEqual(retried.returncode, 0, retried.stderr)
        self.assert_each_delivered_once()
