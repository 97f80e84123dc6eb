"""TLS with peers that are not to be trusted or that nobody should use any more, and what the ports ask of clients."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import tempfile
import unittest

from certificates import openssl
from hilum_harness import BINARIES, Hilum, configuration, make_phantoms, store, store_statuses, wait_until
from local_services import Service, free_port
from processes import parent_of
from syslog_server import SyslogServer
from tls_hospital import Hospital, StoreScp, Worklist, association_request

OLD = {version: [option, "-cipher", "ALL:@SECLEVEL=0"] for version, option in (("tls10", "-tls1"), ("tls11", "-tls1_1"))}
WEAK = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA"]  # no authenticated encryption
A_ASSOCIATE_AC = b"\x02"
NAMES = {"pacs": ("pacs.hospital", "DNS:pacs.hospital"), "ris": ("ris.hospital", "IP:127.0.0.1"),
         "arr": ("arr.hospital", "IP:127.0.0.1")}


class OpenSslServer(Service):
    """A server of another make, with whatever OpenSSL can be talked into; it answers to no request of ours."""

    def __init__(self, folder, port, identity, *options):
        super().__init__("openssl", folder)
        self.port = port
        self.command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", identity.certificate,
                        "-key", identity.key, "-www", *options]

    def start(self):
        self.launch(self.command)
        self.await_ready(self.is_open, 30)
        return self

    def is_open(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class TlsPeersTest(Hospital):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, **changes):
        settings = {"models": [], "destinations": [], **changes}
        self.node = Hilum(BINARIES, self.folder / "node", configuration(self.folder / "data", **settings))
        self.addCleanup(self.node.kill)
        self.node.start(inferring=bool(settings["models"]))

    def send(self, file):
        sent = store(self.node.port, file)
        self.assertEqual(store_statuses(sent), ["Success"], sent.stderr)

    def connect(self, port, identity=None):
        """A DICOM caller over TLS; who shows no certificate has no identity."""
        context = ssl.create_default_context(cafile=self.ca.certificate)
        if identity:
            context.load_cert_chain(identity.certificate, identity.key)
        connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60),
                                         server_hostname="localhost")
        self.addCleanup(connection.close)
        return connection

    def associate(self, port, identity=None, calling="ANYBODY"):
        """The type of the PDU that answers an association request; empty where the connection is refused."""
        try:
            connection = self.connect(port, identity)
            connection.sendall(association_request(calling))
            return connection.recv(1)
        except OSError:
            return b""

    def failures(self):
        exported = self.node.run("audit", "export").stdout
        return [event["detail"]["code"] for event in map(json.loads, exported.splitlines()) if event["type"] == "tls_failed"]


class ServersThatAreRefusedTest(TlsPeersTest):
    """Destinations and syslog servers that our side must not speak to: each says why, and what waits goes to the right one."""

    def setUp(self):
        super().setUp()
        # What each is, and what is said of it.
        self.bad, self.good = {}, {}
        for kind, (name, alternative) in NAMES.items():
            right = self.ca.issue(name, alternative, file=kind)
            expired = self.ca.issue(name, alternative, (-20, -1), f"{kind}-expired")
            version, suites = "no version of TLS that both sides offer", "the other side refused: "
            self.bad |= {f"{kind}-{old}": (right, options, version) for old, options in OLD.items()}
            self.bad |= {
                f"{kind}-weak": (right, WEAK, suites), f"{kind}-expired": (expired, [], "has expired"),
                f"{kind}-foreign": (self.stranger.issue(name, alternative, file=kind), [], "its certificate is not taken"),
                f"{kind}-revoked": (self.revoked, [], "is revoked")}
            self.good |= {kind: right, f"{kind}-revoked": self.modality}
        self.ports = {name: free_port() for name in self.bad}

    def tls_towards(self, name):
        kind, _, fault = name.partition("-")
        ours = {} if kind == "arr" else {"certificate": str(self.node_identity.certificate), "key": str(self.node_identity.key)}
        if fault == "revoked":
            expected = {"crl": [str(self.crl)], "expect": ["cn:MODALITY"]}
        else:
            expected = {"server_name": NAMES[kind][0]} if kind == "pacs" else {}
        return {"ca": str(self.ca.certificate), **ours, **expected}

    def destination(self, name):
        kind = {"ae_title": "PACS"} if name.startswith("pacs") else {"protocol": "hl7"}
        return {"name": name, "host": "127.0.0.1", "port": self.ports[name], "first_delay": "200ms", "longest_delay": "1s",
                "timeout": "10s", "tls": self.tls_towards(name), **kind}

    def syslog_server(self, name):
        return {"name": name, "host": "127.0.0.1", "port": self.ports[name], "protocol": "tls", "first_delay": "100ms",
                "longest_delay": "500ms", "timeout": "5s", "tls": self.tls_towards(name)}

    def start_bad(self):
        servers = []
        for name, (identity, options, _) in self.bad.items():
            servers.append(OpenSslServer(self.folder / name, self.ports[name], identity, *options).start())
            self.addCleanup(servers[-1].kill)
        return servers

    def start_good(self):
        """{name: what came to it}, as a function that looks."""
        looks = {}
        for name, port in self.ports.items():
            kind = name.partition("-")[0]
            identity = self.good.get(name) or self.good[kind]
            if kind == "pacs":
                server = StoreScp(self.folder / f"good-{name}", identity, self.ca.certificate, port=port).start()
                self.addCleanup(server.kill)
                looks[name] = lambda server=server: len(list(server.received.iterdir())) == 2
            elif kind == "ris":
                server = Worklist(identity, self.ca.certificate, port)
                self.addCleanup(server.stop)
                server.start()
                looks[name] = lambda server=server: server.messages
            else:
                server = SyslogServer("tls", identity, port=port).start()
                self.addCleanup(server.stop)
                looks[name] = lambda server=server: server.lines
        return looks

    def errors(self):
        status = json.loads(self.node.run("--json", "status").stdout)
        return {one["name"]: one["error"] for one in status["destination_states"] + status["audit_server_states"]
                if one["state"] == "down"}

    def test_each_is_refused_in_words_and_gets_nothing_until_it_is_right(self):
        bad = self.start_bad()
        self.start(models=json.loads(configuration(self.folder / "data"))["models"],
                   destinations=[self.destination(name) for name in self.bad if not name.startswith("arr")],
                   audit={"syslog": [self.syslog_server(name) for name in self.bad if name.startswith("arr")]})
        image, = make_phantoms(self.folder / "phantoms", 1, seed=71)
        self.send(image)
        for name, (_, _, words) in self.bad.items():
            wait_until(lambda name=name, words=words: words in self.errors().get(name, ""), 90,
                       f"{name} is refused with '{words}'")
        for server in bad:
            server.kill()
        for name, came in self.start_good().items():
            wait_until(came, 90, f"what waited for {name} is there")


class PortsTest(TlsPeersTest):
    """A node without a plain port, whose ports ask for certificates as they are told."""

    def start_with(self, client_certificates):
        bound = [{"ae_title": "ANYBODY", "hosts": ["127.0.0.1"]}, {"ae_title": "MODALITY", "certificates": ["cn:MODALITY"]}]
        self.start(
            scp={"port": "none", "tls": self.tls(client_certificates=client_certificates), "accept": bound},
            http={"tls": self.tls(client_certificates=client_certificates, port=None)})

    def tls(self, **changes):
        return {key: value for key, value in super().tls(**changes).items() if value is not None}

    def ask_health(self, identity=None):
        """The status, 0 where no connection comes about."""
        context = ssl.create_default_context(cafile=self.ca.certificate)
        if identity:
            context.load_cert_chain(identity.certificate, identity.key)
        with contextlib.closing(http.client.HTTPSConnection("localhost", self.node.http_port, timeout=60,
                                                            context=context)) as connection:
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0

    def test_optional_lets_in_who_shows_none_and_refuses_a_bad_one(self):
        self.start_with("optional")
        node = json.loads(self.node.run("--json", "status").stdout)["node"]
        self.assertEqual((node["scp_port"], node["scp_tls_port"]), (0, self.node.port), "there is no plain port")
        self.assertNotIn(f"receiving as HILUM on port {self.node.port}", self.node.log())
        port = self.node.port
        self.assertEqual(self.associate(port), A_ASSOCIATE_AC)
        self.assertEqual(self.associate(port, self.modality), A_ASSOCIATE_AC)
        self.assertEqual(self.associate(port, self.modality, "MODALITY"), A_ASSOCIATE_AC)
        self.assertEqual(self.associate(port, None, "MODALITY"), b"\x03", "the title is bound to a certificate")
        for identity, code in ((self.foreign, "untrusted"), (self.expired, "expired"), (self.revoked, "revoked")):
            self.assertEqual(self.associate(port, identity), b"", code)
            self.assertEqual(self.ask_health(identity), 0, code)
            wait_until(lambda code=code: self.failures().count(code) >= 2, 30, f"{code} is audited of both ports")
        self.assertEqual((self.ask_health(), self.ask_health(self.modality)), (200, 200))

    def test_required_refuses_who_shows_none(self):
        self.start_with("required")
        self.assertEqual(self.associate(self.node.port, self.modality), A_ASSOCIATE_AC)
        self.assertEqual(self.associate(self.node.port), b"")
        self.assertEqual(self.ask_health(self.modality), 200)
        self.assertEqual((self.ask_health(), self.ask_health(self.foreign)), (0, 0))
        wait_until(lambda: self.failures().count("no_certificate") >= 2, 30, "both ports audit it")
        wait_until(lambda: "untrusted" in self.failures(), 30, "and a stranger")


class KeyTest(TlsPeersTest):
    """Who holds the key of scp.tls."""

    def key_in_memory(self, identity):
        """The private number of a P-256 key as OpenSSL computes with it."""
        text = openssl("pkey", "-in", identity.key, "-noout", "-text")
        digits = re.search(r"priv:([0-9a-f:\s]+)pub:", text)[1]
        return int(re.sub(r"[:\s]", "", digits), 16).to_bytes(32, "little")

    def holds(self, pid, secret):
        """Stacks apart, on which a computation may have left something."""
        with open(f"/proc/{pid}/maps", encoding="ascii") as areas, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for area in areas:
                start, end = (int(address, 16) for address in area.split()[0].split("-"))
                if "rw" not in area.split()[1] or "[stack]" in area or end - start > 1 << 28:
                    continue
                with contextlib.suppress(OSError):
                    memory.seek(start)
                    if secret in memory.read(end - start):
                        return True
        return False

    def receivers(self):
        return {pid for pid, role in self.node.descendants() if role == "listener" and
                parent_of(pid) != self.node.process.pid}

    def test_a_receiver_of_the_plain_port_has_given_it_up(self):
        if os.geteuid() != 0:
            self.skipTest("only root can look into a receiver's memory")
        self.start(scp={"tls": self.tls(client_certificates="optional"), "association_timeout": "5min", "idle_timeout": "5min"})
        port = json.loads(self.node.run("--json", "status").stdout)["node"]["scp_tls_port"]
        encrypted = self.connect(port)
        encrypted.sendall(association_request("ANYBODY"))
        self.assertEqual(encrypted.recv(1), A_ASSOCIATE_AC)
        of_tls, = self.receivers()
        plain = socket.create_connection(("127.0.0.1", self.node.port), timeout=60)
        self.addCleanup(plain.close)
        plain.sendall(association_request("ANYBODY"))
        self.assertEqual(plain.recv(1), A_ASSOCIATE_AC)
        of_plain, = self.receivers() - {of_tls}
        secret = self.key_in_memory(self.node_identity)
        self.assertTrue(self.holds(of_tls, secret), "this test does not find it where it is")
        self.assertFalse(self.holds(of_plain, secret))


if __name__ == "__main__":
    unittest.main()
