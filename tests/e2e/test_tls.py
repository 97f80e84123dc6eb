"""DICOM and HL7 over TLS: who is let in, whom Hilum trusts, and certificates that change while it works."""

import json
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

from hilum_harness import BINARIES, Hilum, configuration, http, make_phantoms, store, store_statuses, wait_until
from tls_hospital import Hospital, StoreScp, Worklist, association_request

WEAK = "ALL:@SECLEVEL=0"
A_RELEASE_RQ = b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00"


class TlsNodeTest(Hospital):
    """One node for all of it: a start costs more than any of the cases."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.pacs = StoreScp(self.folder / "pacs", self.ca.issue("pacs.hospital", "DNS:pacs.hospital"),
                             self.ca.certificate)
        self.addCleanup(self.pacs.kill)
        self.pacs.start()
        self.ris = Worklist(self.ca.issue("ris.hospital", "IP:127.0.0.1"), self.ca.certificate)
        self.addCleanup(self.ris.server.close)
        self.ris.start()
        self.identity = self.folder / "node"  # that is renewed
        self.identity.mkdir()
        self.install(self.node_identity)
        settings = json.loads(configuration(self.folder / "data", scp={
            "tls": self.tls(certificate=str(self.identity / "node.pem"), key=str(self.identity / "node.key")),
            "association_timeout": "5s",
            "accept": [{"ae_title": "MODALITY", "certificates": ["cn:MODALITY"]},
                       {"ae_title": "PINNED", "certificates": [f"sha256:{self.other.sha256}"]},
                       {"ae_title": "ROOM", "hosts": ["127.0.0.1"], "certificates": ["dns:XRAY1.hospital"]}]}))
        own = {"ca": str(self.ca.certificate), "certificate": str(self.identity / "node.pem"),
               "key": str(self.identity / "node.key")}
        retries = {"first_delay": "200ms", "longest_delay": "1s", "timeout": "10s"}
        settings["destinations"] = [
            {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": self.pacs.port,
             "tls": {**own, "server_name": "pacs.hospital", "crl": [str(self.crl)]}, **retries},
            {"name": "ris", "protocol": "hl7", "host": "127.0.0.1", "port": self.ris.port, "tls": own, **retries}]
        self.node = Hilum(BINARIES, self.folder / "node-files", json.dumps(settings))
        self.addCleanup(self.node.kill)
        self.node.start()
        self.tls_port = json.loads(self.node.run("status", "--json").stdout)["node"]["scp_tls_port"]
        self.assertGreater(self.tls_port, 0)

    def install(self, identity):
        (self.identity / "node.key").unlink(missing_ok=True)
        shutil.copyfile(identity.certificate, self.identity / "node.pem")
        shutil.copyfile(identity.key, self.identity / "node.key")
        (self.identity / "node.key").chmod(0o600)

    def echo(self, identity, calling="MODALITY", port=None):
        return subprocess.run(
            ["echoscu", "-v", "+tls", identity.key, identity.certificate, "+cf", self.ca.certificate, "-aet", calling,
             "-aec", "HILUM", "127.0.0.1", str(port or self.tls_port)],
            capture_output=True, text=True, timeout=60, check=False)

    def s_client(self, *options, identity=None, port=None):
        """What `openssl s_client` says; it closes after the handshake, and with TLS 1.3 after a moment."""
        shown = ["-cert", identity.certificate, "-key", identity.key] if identity else []
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port or self.tls_port}", "-CAfile", self.ca.certificate,
             *shown, *options], input="", capture_output=True, text=True, timeout=60, check=False)

    def connect(self, identity):
        context = ssl.create_default_context(cafile=self.ca.certificate)
        context.load_cert_chain(identity.certificate, identity.key)
        plain = socket.create_connection(("127.0.0.1", self.tls_port), timeout=60)
        connection = context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(connection.close)
        return connection

    def audit(self, kind):
        exported = self.node.run("audit", "export")
        events = [json.loads(line) for line in exported.stdout.splitlines()]
        return [event for event in events if event["type"] == kind]

    def failures(self):
        return [event["detail"]["code"] for event in self.audit("tls_failed")]

    def assert_refused(self, code, attempt):
        before = self.failures().count(code)
        answer = attempt()
        if answer is not None:
            self.assertNotEqual(answer.returncode, 0, (code, answer.stdout, answer.stderr))
        wait_until(lambda: self.failures().count(code) > before, 30, f"{code} is audited, beside {self.failures()}")

    def test_all_of_it(self):
        for step in (self.whole_way, self.accepted_versions, self.refused_callers, self.refused_titles,
                     self.wrong_ports, self.slow_handshakes, self.reload):
            with self.subTest(step.__name__):
                step()
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)

    def whole_way(self):
        files = make_phantoms(self.folder / "phantoms", 1)
        sent = store(self.tls_port, *files, options=["+tls", self.modality.key, self.modality.certificate, "+cf",
                                                     self.ca.certificate])
        self.assertEqual(store_statuses(sent), ["Success"], sent.stderr)
        wait_until(lambda: len(list(self.pacs.received.iterdir())) == 2, 120, "SR and SC at the PACS")
        wait_until(lambda: self.ris.messages, 60, "a message at the worklist")
        self.assertTrue(self.ris.messages[0].startswith("MSH|"), self.ris.messages)

    def accepted_versions(self):
        for version in ("-tls1_2", "-tls1_3"):
            said = self.s_client(version, identity=self.modality)
            self.assertEqual(said.returncode, 0, said.stderr)
            self.assertIn("Verify return code: 0 (ok)", said.stdout)

    def refused_callers(self):
        self.assert_refused("protocol_version", lambda: self.s_client("-tls1", "-cipher", WEAK, identity=self.modality))
        self.assert_refused("protocol_version", lambda: self.s_client("-tls1_1", "-cipher", WEAK, identity=self.modality))
        for suite in ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA256", "NULL-SHA256"):
            self.assert_refused("cipher_suite", lambda suite=suite: self.s_client(
                "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0", identity=self.modality))
        self.assert_refused("untrusted", lambda: self.echo(self.foreign))
        self.assert_refused("expired", lambda: self.echo(self.expired))
        self.assert_refused("not_yet_valid", lambda: self.echo(self.future))
        self.assert_refused("revoked", lambda: self.echo(self.revoked))
        self.assert_refused("no_certificate", lambda: self.s_client("-tls1_2"))
        self.assert_refused("no_certificate", self.association_without_certificate)

    def association_without_certificate(self):
        """With TLS 1.3 the caller hears of it only when it asks for something."""
        context = ssl.create_default_context(cafile=self.ca.certificate)
        with socket.create_connection(("127.0.0.1", self.tls_port), timeout=60) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                with self.assertRaises(OSError):
                    connection.sendall(association_request("MODALITY"))
                    if connection.recv(1) == b"":
                        raise OSError("closed")

    def refused_titles(self):
        for identity, title in ((self.modality, "MODALITY"), (self.other, "PINNED"), (self.modality, "ROOM")):
            answered = self.echo(identity, title)
            self.assertEqual(answered.returncode, 0, answered.stderr)
        for identity, title in ((self.other, "MODALITY"), (self.modality, "PINNED"), (self.other, "ROOM")):
            rejected = self.echo(identity, title)
            self.assertIn("Calling AE Title Not Recognized", rejected.stderr)
        plainly = subprocess.run(["echoscu", "-v", "-aet", "MODALITY", "-aec", "HILUM", "127.0.0.1", str(self.node.port)],
                                 capture_output=True, text=True, timeout=60, check=False)
        self.assertIn("Calling AE Title Not Recognized", plainly.stderr)
        rejections = wait_until(lambda: len(found := self.audit("association_rejected")) >= 4 and found, 30, "audited")
        self.assertEqual({event["detail"]["reason"] for event in rejections}, {"certificate"})
        self.assertEqual([event["detail"].get("certificate") for event in rejections],
                         ["CN=OTHER", "CN=MODALITY", "CN=OTHER", None])

    def wrong_ports(self):
        self.assert_refused("not_tls", lambda: subprocess.run(
            ["echoscu", "-aet", "MODALITY", "-aec", "HILUM", "127.0.0.1", str(self.tls_port)],
            capture_output=True, text=True, timeout=60, check=False))
        self.assertNotEqual(self.echo(self.modality, port=self.node.port).returncode, 0)
        wait_until(lambda: any(event["detail"]["code"] == "tls" for event in self.audit("not_dicom")), 30,
                   "TLS on the plain port is told")

    def slow_handshakes(self):
        """A silent and a dripping client: each waits for scp.association_timeout, without a receiver, and holds up nobody."""
        silent, dripping = (socket.create_connection(("127.0.0.1", self.tls_port), timeout=60) for _ in range(2))
        self.addCleanup(silent.close)
        self.addCleanup(dripping.close)
        self.assertEqual(self.echo(self.modality).returncode, 0)
        dripping.sendall(b"\x16\x03\x01\x02\x00")
        dripping.settimeout(0.1)

        def closed():
            try:
                dripping.sendall(b"\x01")
                return dripping.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True
        wait_until(closed, 40, "the dripping client is cut off")
        self.assertEqual(silent.recv(1), b"", "closed")
        wait_until(lambda: sum(event["detail"].get("connections", 1) for event in self.audit("timeout")) >= 2, 30,
                   "both are audited")

    def served_serial(self):
        shown = self.s_client(identity=self.modality).stdout
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True, text=True,
                              timeout=60, check=True).stdout.strip().split("=")[1]

    def reload(self):
        """A new certificate is used by SIGHUP, a bad one never; an association that is open goes on."""
        held = self.connect(self.modality)
        held.sendall(association_request("MODALITY"))
        self.assertEqual(held.recv(1), b"\x02", "A-ASSOCIATE-AC")
        old = self.served_serial()
        renewed = self.ca.issue("hilum.hospital", "DNS:localhost,IP:127.0.0.1", days=(-1, 5), file="renewed")

        (self.identity / "node.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n")
        self.node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: {event["detail"]["use"] for event in self.audit("certificates_loaded")
                            if event["outcome"] == "failure"} == {"scp", "destination pacs", "destination ris"},
                   30, "what is bad is audited")
        self.assertEqual(self.served_serial(), old)
        told = self.node.run("status").stdout
        self.assertIn("what was to be loaded for TLS is not in use", told)

        self.install(renewed)
        (self.identity / "node.key").chmod(0o640)
        self.node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("chmod 600" in event["detail"].get("error", "")
                               for event in self.audit("certificates_loaded")), 30, "a key that others read is refused")
        self.assertEqual(self.served_serial(), old)

        (self.identity / "node.key").chmod(0o600)
        wait_until(lambda: self.node.run("model", "reload").returncode == 0, 60, "the models are loaded anew, too")
        wait_until(lambda: self.served_serial() == renewed.serial, 30, "the new certificate is served")
        wait_until(lambda: "expires in 4 days" in self.node.run("status").stdout, 30, "its end is near")
        metrics = http(f"{self.node.url}/metrics")[1].decode()
        self.assertRegex(metrics, r'hilum_certificate_days_left\{kind="certificate",.*subject="CN=hilum.hospital",use="scp"\} 4\.')

        held.sendall(A_RELEASE_RQ)
        answer = b""
        while chunk := held.recv(65536):
            answer += chunk
        self.assertTrue(answer.endswith(b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00"), "A-RELEASE-RP")


class TlsDestinationTest(Hospital):
    """`hilum echo` and what it says of destinations that are not to be trusted; `hilumd --check` of the files."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def test_destinations(self):
        own = {"certificate": str(self.modality.certificate), "key": str(self.modality.key)}
        ca = str(self.ca.certificate)
        pacs = self.ca.issue("pacs.hospital", "DNS:pacs.hospital")
        servers = {name: StoreScp(self.folder / name, identity, ca).start() for name, identity in
                   {"good": pacs, "expired": self.expired, "foreign": self.foreign, "revoked": self.revoked}.items()}
        for server in servers.values():
            self.addCleanup(server.kill)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            cases = {
                "name": ("good", {**own, "ca": ca, "server_name": "pacs.hospital"}, None),
                "fingerprint": ("good", {**own, "ca": ca, "expect": ["cn:nobody", f"sha256:{pacs.sha256}"]}, None),
                "tls13": ("good", {**own, "ca": ca, "server_name": "pacs.hospital", "minimum_version": "1.3"}, "version"),
                "wrong-name": ("good", {**own, "ca": ca}, "is for another name"),
                "unexpected": ("good", {**own, "ca": ca, "expect": ["cn:OTHER"]}, "its certificate is of CN=pacs.hospital"),
                "wrong-ca": ("good", {**own, "ca": str(self.stranger.certificate), "server_name": "pacs.hospital"},
                             "its certificate is not taken"),
                "no-certificate": ("good", {"ca": ca, "server_name": "pacs.hospital"}, "certificate"),
                "expired": ("expired", {**own, "ca": ca, "expect": ["cn:MODALITY"]}, "has expired"),
                "foreign": ("foreign", {**own, "ca": ca, "expect": ["cn:MODALITY"]}, "its certificate is not taken"),
                "revoked": ("revoked", {**own, "ca": ca, "expect": ["cn:MODALITY"], "crl": str(self.crl)}, "is revoked"),
                "no-key": ("good", {**own, "ca": ca, "key": str(self.folder / "none.key")}, "cannot open"),
                "silent": (silent.getsockname()[1], {**own, "ca": ca}, "did not go on in time"),
                "plainly": ("good", None, None)}
            if ssl.HAS_TLSv1_3 and "TLSv1.3" in self.versions_of(servers["good"].port):
                cases["tls13"] = (*cases["tls13"][:2], None)
            destinations = [
                {"name": name, "ae_title": "PACS", "host": "127.0.0.1", "timeout": "3s",
                 "port": servers[server].port if isinstance(server, str) else server, **({"tls": tls} if tls else {})}
                for name, (server, tls, _) in cases.items()]
            file = self.folder / "hilum.yaml"
            file.write_text(json.dumps({"node": {"data_dir": str(self.folder)}, "destinations": destinations}))
            ran = subprocess.run([BINARIES / "hilum", "--config", file, "--json", "echo"], capture_output=True, text=True,
                                 timeout=120, check=False)
        answers = {echo["destination"]: echo for echo in json.loads(ran.stdout)["echoes"]}
        for name, (_, tls, wrong) in cases.items():
            with self.subTest(name):
                self.assertEqual(answers[name]["answers"], wrong is None and tls is not None, answers[name])
                self.assertIn(wrong or "", answers[name]["message"])

    def versions_of(self, port):
        said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-cert", self.modality.certificate,
                               "-key", self.modality.key], input="", capture_output=True, text=True, timeout=60, check=False)
        return said.stdout

    def check(self, scp_tls, accept=None):
        file = self.folder / "hilum.yaml"
        file.write_text(json.dumps({
            "node": {"data_dir": str(self.folder)}, "http": {"listen": "none"},
            "scp": {"port": "none", "tls": scp_tls, "accept": accept or [{"ae_title": "A", "certificates": ["cn:A"]}]}}))
        ran = subprocess.run([BINARIES / "hilumd", "--config", file, "--check"], capture_output=True, text=True, timeout=60,
                             check=False)
        return ran.returncode, ran.stderr

    def test_check(self):
        self.assertEqual(self.check(self.tls())[0], 0)
        exposed = self.folder / "exposed.key"
        shutil.copyfile(self.node_identity.key, exposed)
        exposed.chmod(0o644)
        encrypted = self.folder / "encrypted.key"
        subprocess.run(["openssl", "pkey", "-in", self.node_identity.key, "-aes256", "-passout", "pass:x", "-out", encrypted],
                       check=True, timeout=60)
        encrypted.chmod(0o600)
        problems = {
            "chmod 600": self.tls(key=str(exposed)),
            "pass phrase": self.tls(key=str(encrypted)),
            "is not that of the certificate": self.tls(key=str(self.other.key)),
            "holds no private key": self.tls(key=str(self.crl)) if not self.crl.chmod(0o600) else None,
            "holds no certificate": self.tls(certificate=str(self.crl)),
            "cannot open": self.tls(ca=str(self.folder / "none.pem")),
            "revocation list": self.tls(crl=[str(self.ca.certificate)]),
            "ca: is missing": {**self.tls(), "ca": "", "crl": []},
            "has no use while": self.tls(client_certificates="none"),
            "needs scp.tls with": {**self.tls(client_certificates="none"), "ca": "", "crl": []}}
        for words, tls in problems.items():
            with self.subTest(words):
                code, said = self.check(tls)
                self.assertEqual(code, 1, said)
                self.assertIn(words, said)
        code, said = self.check(self.tls(), accept=[{"ae_title": "A", "certificates": ["PACS", "sha256:12"]}])
        self.assertEqual(code, 1)
        self.assertIn("names no certificate", said)
        self.assertIn("64 hexadecimal digits", said)
        warnings = {
            "has EXPIRED 1 day ago": self.tls(certificate=str(self.expired.certificate), key=str(self.expired.key)),
            "not valid yet": self.tls(certificate=str(self.future.certificate), key=str(self.future.key)),
            "CREDENTIALS_DIRECTORY": self.tls(key="credential:scp.key")}
        for words, tls in warnings.items():
            with self.subTest(words):
                code, said = self.check(tls)
                self.assertEqual(code, 0, said)
                self.assertIn(words, said)


if __name__ == "__main__":
    unittest.main()
