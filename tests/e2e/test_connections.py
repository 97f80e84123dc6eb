"""Many connections at once: silent ones delay nobody, and limits are told as passing."""

import json
import os
import resource
import socket
import subprocess
import time

from hilum_harness import HilumTest, echo, http, wait_until


class Connections(HilumTest):
    def setUp(self):
        super().setUp()
        self.start_node()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.node.port), timeout=60)
        self.addCleanup(connection.close)
        return connection


class SilentConnectionTest(Connections):
    def test_100_silent_connections_do_not_delay_an_echo(self):
        silent = [self.connect() for _ in range(100)]
        before = len(self.node.descendants())
        for _ in range(5):
            start = time.monotonic()
            answered = echo(self.node.port)
            self.assertEqual(answered.returncode, 0, answered.stderr)
            self.assertLess(time.monotonic() - start, 1.0)
        self.assertEqual(len(silent), 100)
        self.assertLess(len(self.node.descendants()), before + 10, "who is silent has no process")


class NoProcessTest(Connections):
    def listener(self):
        return next(pid for pid, role in self.node.descendants() if role == "listener")

    def readiness(self):
        return json.loads(http(f"{self.node.url}/readyz")[1])

    def test_a_node_that_cannot_start_a_process_for_a_connection_is_not_ready(self):
        listener = self.listener()
        limits = resource.prlimit(listener, resource.RLIMIT_NOFILE)
        highest = max(int(fd) for fd in os.listdir(f"/proc/{listener}/fd"))
        resource.prlimit(listener, resource.RLIMIT_NOFILE, (highest + 2, limits[1]))  # the connection itself, and no more
        self.assertNotEqual(echo(self.node.port).returncode, 0)
        wait_until(lambda: self.readiness()["refusing"] == "processes", 30, "it is told")
        self.assertFalse(self.readiness()["receiving"])
        self.assertEqual([trouble["where"] for trouble in self.readiness()["troubles"]], ["receiving"])
        resource.prlimit(listener, resource.RLIMIT_NOFILE, limits)
        self.assertEqual(echo(self.node.port).returncode, 0)
        wait_until(lambda: self.readiness()["receiving"], 30, "it is over")


class SilentConnectionTimeoutTest(Connections):
    changes = {"scp": {"association_timeout": "1s", "max_connections": 20}}

    def test_a_silent_connection_is_closed_after_its_time(self):
        connection = self.connect()
        start = time.monotonic()
        self.assertEqual(connection.recv(1), b"", "closed by the node")
        self.assertLess(time.monotonic() - start, 10)

    def test_a_dripping_sender_is_closed_after_its_time_too(self):
        connection = self.connect()
        connection.settimeout(0.1)
        start = time.monotonic()
        # A-ASSOCIATE-RQ of 200 bytes, a byte at a time.
        pdu = b"\x01\x00\x00\x00\x00\xc8" + bytes(200)
        closed = False
        for byte in pdu:
            try:
                connection.sendall(bytes([byte]))
                if connection.recv(1) == b"":
                    closed = True
                    break
            except TimeoutError:
                continue
            except OSError:
                closed = True
                break
        self.assertTrue(closed)
        self.assertLess(time.monotonic() - start, 10)

    def test_connections_beyond_the_limit_are_closed_and_the_node_recovers(self):
        connections = [self.connect() for _ in range(40)]
        self.assertEqual(connections[-1].recv(1), b"")
        for connection in connections:
            connection.close()
        wait_until(lambda: echo(self.node.port).returncode == 0, 30, "an echo is answered again")


class AssociationLimitTest(HilumTest):
    changes = {"scp": {"max_associations": 2, "max_associations_per_caller": 2}}

    def test_an_association_beyond_the_limit_is_rejected_as_transient(self):
        self.start_node()
        request = self.recorded_association_request()
        held = []
        for _ in range(2):
            connection = socket.create_connection(("127.0.0.1", self.node.port), timeout=60)
            self.addCleanup(connection.close)
            connection.sendall(request)
            self.assertEqual(connection.recv(1), b"\x02", "A-ASSOCIATE-AC")
            held.append(connection)
        rejected = echo(self.node.port)
        self.assertNotEqual(rejected.returncode, 0)
        self.assertIn("Rejected Transient", rejected.stderr)
        self.assertIn("Local limit exceeded", rejected.stderr.replace("Local Limit Exceeded", "Local limit exceeded"))
        held.pop().close()
        wait_until(lambda: echo(self.node.port).returncode == 0, 30, "an echo is answered again")

    @staticmethod
    def recorded_association_request():
        """The A-ASSOCIATE-RQ that echoscu sends as MODALITY."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            sender = subprocess.Popen(
                ["echoscu", "-aet", "MODALITY", "-aec", "HILUM", "127.0.0.1", str(server.getsockname()[1])],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            connection, _ = server.accept()
            with connection:
                head = connection.recv(6, socket.MSG_WAITALL)
                body = connection.recv(int.from_bytes(head[2:6], "big"), socket.MSG_WAITALL)
            sender.wait(60)
        return head + body


class CallerLimitTest(HilumTest):
    changes = {"scp": {"max_associations": 6}}

    def test_one_caller_has_half_of_the_associations_and_the_others_find_room(self):
        self.start_node()
        request = AssociationLimitTest.recorded_association_request()
        held = []
        for _ in range(3):
            connection = socket.create_connection(("127.0.0.1", self.node.port), timeout=60)
            self.addCleanup(connection.close)
            connection.sendall(request)
            self.assertEqual(connection.recv(1), b"\x02", "A-ASSOCIATE-AC")
            held.append(connection)
        rejected = echo(self.node.port)
        self.assertIn("Rejected Transient", rejected.stderr)
        self.assertEqual(echo(self.node.port, calling="ANOTHER").returncode, 0)
        held.pop().close()
        wait_until(lambda: echo(self.node.port).returncode == 0, 30, "an echo is answered again")
        self.assertIn("caller_limit", str(self.audit_events()))
        wait_until(lambda: b'hilum_association_ends_total{reason="connection_lost"} 1'
                   in http(f"{self.node.url}/metrics")[1], 30, "the end is counted")
        self.assertIn("ended: connection_lost", self.node.log())
