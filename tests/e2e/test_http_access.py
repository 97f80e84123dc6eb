"""Who sees what over HTTP: tokens and roles, names of the node, TLS, and who looked in the audit trail."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

import pydicom

from browser import Browser
from certificates import Authority
from hilum_harness import BINARIES, Hilum, HilumTest, configuration, http as plain_http, make_phantoms, need, wait_until
from local_services import make_token

ACCESSION, PATIENT = "ACC-SECRET-77", "PAT-SECRET-88"
OPEN, STATUS, READ, ACT = ("/", "/healthz", "/readyz", "/metrics"), ("/api/v1/status",), \
    ("/api/v1/studies", "/api/v1/studies?limit=5", "/api/v1/jobs"), ("/api/v1/predict",)


class AccessTest(HilumTest):
    def start_node_with_a_study(self):
        self.start_node()
        tokens = self.node.folder / "tokens"
        self.tokens = {role: make_token(tokens, f"{role}-user", role) for role in ("status", "read", "act")}
        self.reload()
        phantom, = make_phantoms(self.folder / "phantom", 1, seed=3)
        dataset = pydicom.dcmread(phantom)
        dataset.AccessionNumber, dataset.PatientID = ACCESSION, PATIENT
        self.study = str(dataset.StudyInstanceUID)
        dataset.save_as(phantom)
        self.phantom = phantom
        self.send(phantom)
        self.await_results([self.study])

    def reload(self):
        before = len(self.events("tokens_loaded"))
        self.node.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.events("tokens_loaded")) > before, 30, "the tokens are loaded anew")

    def events(self, kind):
        return [event for event in self.audit_events() if event["type"] == kind]

    def ask(self, path, token=None, method=None, body=None):
        return plain_http(self.node.url + path, body, method, 60, token)

    def status_of(self, request):
        """The status of a request as it is written."""
        with socket.create_connection(("127.0.0.1", self.node.http_port), 30) as connection:
            connection.sendall(request)
            return int(connection.makefile("rb").readline().split()[1])


class RolesTest(AccessTest):
    def setUp(self):
        super().setUp()
        self.start_node_with_a_study()

    def test_nobody_without_a_token_gets_patient_data_and_each_role_gets_its_paths(self):
        diagnoses = {study["diagnoses"] for study in json.loads(self.node.ask("/api/v1/studies")[1])["studies"]}
        self.assertTrue(all(diagnoses), diagnoses)
        self.assertIn(ACCESSION, self.node.ask("/api/v1/studies")[1].decode())
        secrets = [ACCESSION, PATIENT, self.study, *diagnoses]
        everything = OPEN + STATUS + READ + ACT + ("/api/v1/", "/api/v1/studies/", "//api/v1/studies", "/API/v1/studies",
                                                   "/api/v1/studies%3F", "/%61pi/v1/studies", "/api/v1/../v1/studies",
                                                   f"/api/v1/studies?study_instance_uid={self.study}", "/favicon.ico")
        for token in (None, self.tokens["status"], "hilum_" + "0" * 64):
            for path in everything:
                for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
                    status, body = self.ask(path, token, method)
                    shown = [secret for secret in secrets if secret in body.decode()]
                    # What the models say is also the labels of metrics, which count them.
                    if path.startswith("/metrics"):
                        shown = [secret for secret in shown if secret not in diagnoses]
                    self.assertEqual(shown, [], f"{method} {path} with {token} answers {status}")
                    self.assertFalse(path in READ + ACT and status == 200, f"{method} {path}")
        ranks = {"status": 1, "read": 2, "act": 3}
        for role, token in [(None, None), *self.tokens.items()]:
            for rank, paths in enumerate((OPEN, STATUS, READ)):
                for path in paths:
                    expected = 200 if ranks.get(role, 0) >= rank else 403 if role else 401
                    self.assertEqual(self.ask(path, token)[0], expected, f"{path} as {role}")
            predicted, body = self.ask("/api/v1/predict", token, "POST", self.phantom.read_bytes())
            self.assertEqual(predicted, {None: 401, "status": 403, "read": 403, "act": 200}[role], body)
        self.assertIn("diagnosis", json.loads(body))

    def test_wrong_tokens_are_refused_limited_and_audited_and_the_log_has_none(self):
        token = self.tokens["read"]
        for wrong in (token[:-1], token + "0", token.upper(), token[6:], token.swapcase(), "hilum_" + "a" * 64, "x"):
            self.assertEqual(self.ask("/api/v1/studies", wrong)[0], 401, wrong)
        for fields in (f"Authorization: {token}", f"Authorization: Basic {token}", f"X-Token: {token}", f"Cookie: token={token}",
                       f"Authorization: Bearer {token}\r\nAuthorization: Bearer {token}"):
            request = f"GET /api/v1/studies?token={token} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n"
            self.assertEqual(self.status_of(request.encode()), 401, fields)
        statuses = [self.ask("/api/v1/studies", "hilum_" + f"{number:064x}")[0] for number in range(40)]
        self.assertEqual(set(statuses), {401, 429})
        self.assertEqual(self.ask("/api/v1/studies", token)[0], 200, "the right one still comes in")
        wait_until(lambda: any(event["detail"].get("refused") == "token" and event["outcome"] == "failure"
                               and "127.0.0.1" in event["actor"] for event in self.events("http_access")), 30, "an event")
        self.assertLessEqual(len([event for event in self.events("http_access") if event["outcome"] == "failure"]), 2)
        for text in (self.node.log(), json.dumps(self.audit_events())):
            self.assertNotIn(token, text)
            self.assertNotIn("a" * 64, text)

    def test_the_audit_trail_has_who_looked_at_what(self):
        for _ in range(5):
            self.assertEqual(self.ask(f"/api/v1/studies?study_instance_uid={self.study}", self.tokens["read"])[0], 200)
        self.assertEqual(self.ask(f"/api/v1/studies?patient_id={PATIENT}", self.tokens["act"])[0], 200)
        self.assertEqual(self.ask("/api/v1/predict", self.tokens["read"], "POST", b"x")[0], 403)
        self.assertEqual(self.ask("/api/v1/status", self.tokens["read"])[0], 200)

        def looks(name):
            return [event for event in self.events("http_access") if f" {name} " in event["actor"]]
        first = wait_until(lambda: looks("read-user"), 30, "an event")[0]
        self.assertEqual(first["actor"], "HTTP client read-user (read) at 127.0.0.1")
        self.assertEqual((first["outcome"], first["study_instance_uid"]), ("success", self.study))
        self.assertEqual(first["detail"]["path"], "/api/v1/studies")
        wait_until(lambda: looks("act-user"), 30, "an event")
        self.assertEqual(looks("act-user")[0]["patient_id"], PATIENT)
        refused = wait_until(lambda: [event for event in looks("read-user") if event["outcome"] == "failure"], 30, "an event")
        self.assertEqual([event["detail"]["refused"] for event in refused], ["role"])
        # The four others come with the minute's end, as one.
        wait_until(lambda: [event["detail"]["count"] for event in looks("read-user") if event["outcome"] == "success"] == [1, 4],
                   90, "what was counted")
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)

    def test_tokens_are_withdrawn_by_a_reload_and_a_bad_file_withdraws_none(self):
        tokens = self.node.folder / "tokens"
        lines = tokens.read_text().splitlines()
        tokens.chmod(0o644)
        self.reload()
        self.assertEqual(self.events("tokens_loaded")[-1]["outcome"], "failure")
        self.assertEqual(self.ask("/api/v1/jobs", self.tokens["read"])[0], 200)
        status = wait_until(lambda: "http.tokens_file" in (said := self.node.run("status")).stdout and said, 30, "it is told")
        self.assertEqual(status.returncode, 1)
        reloaded = self.node.run("model", "reload")
        self.assertEqual(reloaded.returncode, 1, "as systemctl reload tells it")
        self.assertIn("chmod 600", " ".join(reloaded.stderr.split()))
        tokens.chmod(0o600)
        tokens.write_text("\n".join(line for line in lines if not line.startswith("read-user")) + "\n")
        self.reload()
        self.assertEqual(self.ask("/api/v1/jobs", self.tokens["read"])[0], 401)
        self.assertEqual(self.ask("/api/v1/jobs", self.tokens["act"])[0], 200)
        owners = self.events("tokens_loaded")[-1]["detail"]["owners"]
        self.assertEqual({owner["name"]: owner["role"] for owner in owners},
                         {"tests": "act", "status-user": "status", "act-user": "act"})
        self.assertNotIn("http.tokens_file", self.node.run("status").stdout)
        wait_until(lambda: self.node.run("model", "reload").returncode == 0, 60, "the models are through with the signal, too")


class NamesTest(AccessTest):
    changes = {"http": {"hosts": ["hilum.hospital"]}, "models": []}

    def test_other_names_than_its_own_are_refused(self):
        self.start_node()
        port = self.node.http_port
        token = f"Authorization: Bearer {self.node.token}\r\n"
        for host, expected in ((f"localhost:{port}", 200), ("hilum.hospital", 200), (f"127.0.0.1:{port}", 200), ("[::1]", 200),
                               (socket.gethostname(), 200), ("evil.example", 421), (f"hilum.hospital.evil.example:{port}", 421),
                               ("127.0.0.1.evil.example", 421)):
            for path in ("/api/v1/jobs", "/healthz", "/"):
                request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{token}\r\n"
                self.assertEqual(self.status_of(request.encode()), expected, f"{host} {path}")


class CommandLineTest(AccessTest):
    changes = {"models": []}

    def test_a_token_that_was_made_is_taken(self):
        self.start_node()
        made = self.node.run("token", "create", "dr.meier@hospital", "--role", "read", "--json")
        self.assertEqual(made.returncode, 0, made.stderr)
        made = json.loads(made.stdout)
        self.assertNotIn(made["token"], made["line"])
        with open(self.node.folder / "tokens", "a", encoding="ascii") as tokens:
            tokens.write(made["line"] + "\n")
        self.reload()
        self.assertEqual(self.ask("/api/v1/studies", made["token"])[0], 200)
        for wrong in (["create", "two words", "--role", "read"], ["create", "a", "--role", "owner"], ["create", "a"]):
            self.assertEqual(self.node.run("token", *wrong).returncode, 2, wrong)
        text = self.node.run("token", "create", "a", "--role", "act").stdout
        self.assertIn("hilum_", text)
        self.assertIn("a act ", text)

    def check(self, **http):
        file = self.folder / "checked.yaml"
        file.write_text(configuration(self.folder / "data", models=[], http={"tokens_file": "tokens", **http}))
        ran = subprocess.run([BINARIES / "hilumd", "--config", file, "--check"], capture_output=True, text=True, timeout=60,
                             check=False)
        return ran.returncode, ran.stderr

    def test_a_configuration_that_shows_tokens_to_the_network_is_none(self):
        make_token(self.folder / "tokens", "a", "read")
        code, said = self.check(listen="0.0.0.0:0")
        self.assertEqual(code, 1)
        self.assertIn("http.tokens_file: would have tokens", said)
        code, said = self.check(listen="0.0.0.0:0", tokens_over_plain=True)
        self.assertEqual(code, 0, said)
        self.assertIn("http.tokens_over_plain", said)
        (self.folder / "tokens").chmod(0o640)
        code, said = self.check()
        self.assertEqual(code, 1)
        self.assertIn("chmod 600", said)
        (self.folder / "tokens").chmod(0o600)
        (self.folder / "tokens").write_text("a read\n")
        code, said = self.check()
        self.assertEqual(code, 1)
        self.assertIn("line 1", said)

    def test_without_a_file_of_tokens_nobody_sees_studies(self):
        self.node.configure(configuration(self.node.folder / "data", self.pacs.port, models=[], http={"tokens_file": ""}))
        self.start_node()
        for path, expected in (("/healthz", 200), ("/metrics", 200), ("/", 200), ("/api/v1/status", 401), ("/api/v1/studies", 401)):
            self.assertEqual(self.ask(path)[0], expected, path)
            self.assertEqual(self.ask(path, self.node.token)[0], expected, path)


class TlsTest(AccessTest):
    @classmethod
    def setUpClass(cls):
        need("openssl")
        cls.pki = pathlib.Path(tempfile.mkdtemp(prefix="hilum-pki-"))
        cls.addClassCleanup(shutil.rmtree, cls.pki, ignore_errors=True)
        cls.ca, cls.stranger = Authority(cls.pki / "hospital", "Hospital CA"), Authority(cls.pki / "stranger", "Stranger CA")
        cls.first = cls.ca.issue("hilum.hospital", "DNS:localhost,IP:127.0.0.1")
        cls.second = cls.ca.issue("hilum.hospital", "DNS:localhost,IP:127.0.0.1", file="second", days=(-1, 5))
        cls.expired = cls.ca.issue("hilum.hospital", "DNS:localhost,IP:127.0.0.1", file="expired", days=(-20, -1))

    def setUp(self):
        self.pem, self.key = self.pki / "now.pem", self.pki / "now.key"
        self.use(self.first)
        self.changes = {"models": [], "http": {"tls": {"certificate": str(self.pem), "key": str(self.key)}}}
        super().setUp()

    def use(self, identity):
        shutil.copy(identity.certificate, self.pem)
        shutil.copy(identity.key, self.key)
        self.key.chmod(0o600)

    def start_encrypted(self):
        self.node.start(inferring=False)

    def context(self, authority=None):
        return ssl.create_default_context(cafile=str((authority or self.ca).certificate))

    def get(self, path, token=None, context=None, connection=None):
        connection = connection or http.client.HTTPSConnection("localhost", self.node.http_port, timeout=30,
                                                               context=context or self.context())
        self.addCleanup(connection.close)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def s_client(self, *options):
        ran = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.node.http_port}", *options], input="",
                             capture_output=True, text=True, timeout=60, check=False)
        return ran.stdout + ran.stderr

    def failed_handshakes(self):
        """By reason, without those that there are none of."""
        metrics = self.get("/metrics")[1].decode()
        found = re.findall(r'^hilum_http_tls_failures_total\{code="(\w+)"\} (\d+)', metrics, re.MULTILINE)
        self.assertGreater(len(found), 5, "there is a series for each reason from the start")
        return {code: int(count) for code, count in found if int(count)}

    def served(self):
        with self.context().wrap_socket(socket.create_connection(("127.0.0.1", self.node.http_port), 30),
                                        server_hostname="localhost") as connection:
            return connection.getpeercert()["serialNumber"].lstrip("0")

    def test_a_key_that_is_gone_at_a_start_is_told_once_and_taken_up_when_it_is_back(self):
        self.start_encrypted()
        self.assertEqual(self.node.stop(), 0)
        self.key.unlink()
        self.node.launch([BINARIES / "hilumd", "--config", self.node.configuration_file], self.node.environment)

        def refused():
            told = json.loads(self.node.run("status", "--json").stdout or "{}").get("certificates", [])
            return [one["error"] for one in told if (one["use"], one["kind"]) == ("http", "refused")]
        self.assertIn(str(self.key), wait_until(refused, 60, "status says why HTTP is not served")[0])
        wait_until(lambda: self.node.log().count("http 1 exited") > 1, 60, "it is started again, in vain")
        self.use(self.first)
        wait_until(lambda: "serving HTTP on port" in self.node.log(), 60, "HTTP is served")
        self.assertEqual(refused(), [])
        self.assertEqual([event["outcome"] for event in self.events("certificates_loaded")], ["failure"])

    def test_it_speaks_tls_1_2_and_1_3_and_nothing_else(self):
        self.start_encrypted()
        self.assertEqual(self.get("/healthz"), (200, b"ok\n"))
        self.assertEqual(self.get("/api/v1/jobs")[0], 401)
        self.assertEqual(self.get("/api/v1/jobs", self.node.token)[0], 200)
        for good in ("-tls1_2", "-tls1_3"):
            self.assertRegex(self.s_client(good), r"(?m)^ *Protocol *: TLSv1|New, TLSv1\.[23], Cipher is [A-Z]", good)
        for bad in (["-tls1"], ["-tls1_1"], ["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"]):
            # The client's own library must be willing: it has to be the node that refuses.
            said = self.s_client(*bad, *([] if "-cipher" in bad else ["-cipher", "ALL:@SECLEVEL=0"]))
            self.assertIn("alert", said, bad)
            self.assertIn("Cipher is (NONE)", said, bad)
        self.assertEqual(plain_http(f"http://127.0.0.1:{self.node.http_port}/api/v1/jobs", token=self.node.token)[0], 0)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.get("/healthz", context=self.context(self.stranger))
        # Each is counted, and the audit trail has who and why; a probe that says nothing is none.
        socket.create_connection(("127.0.0.1", self.node.http_port), 30).close()
        failures = {"protocol_version": 2, "cipher_suite": 1, "not_tls": 1, "refused_by_peer": 1}
        wait_until(lambda: self.failed_handshakes() == failures, 30, "the handshakes that failed are counted")
        for event in self.events("tls_failed"):
            self.assertEqual((event["actor"], event["outcome"], event["detail"]["port"]), ("@127.0.0.1", "failure", "http"))
        self.assertEqual({event["detail"]["code"] for event in self.events("tls_failed")}, set(failures))
        # One that never shakes hands, or shakes one and stays silent, holds nobody up.
        silent = [socket.create_connection(("127.0.0.1", self.node.http_port), 30) for _ in range(100)]
        for connection in silent:
            connection.sendall(b"\x16\x03\x01")
        self.assertEqual(self.get("/healthz"), (200, b"ok\n"))
        for connection in silent:
            connection.close()

    def test_uploads_and_connections_that_stay_open(self):
        self.start_encrypted()
        connection = http.client.HTTPSConnection("localhost", self.node.http_port, timeout=60, context=self.context())
        for _ in range(3):
            self.assertEqual(self.get("/api/v1/studies", self.node.token, connection=connection)[0], 200)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/v1/predict", body=os.urandom(3 << 20),
                           headers={"Authorization": f"Bearer {self.node.token}"})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 404, "there is no model")
        self.assertEqual(json.loads(answer.read())["error"]["code"], "unknown_model")

    def test_a_reload_takes_a_new_certificate_and_refuses_a_bad_one(self):
        self.start_encrypted()
        self.assertEqual(self.served(), self.first.serial.lstrip("0"))
        held = http.client.HTTPSConnection("localhost", self.node.http_port, timeout=60, context=self.context())
        self.assertEqual(self.get("/healthz", connection=held)[0], 200)

        def loads():
            return [event for event in self.events("certificates_loaded") if event["detail"]["use"] == "http"]
        self.use(self.second)
        self.reload()
        wait_until(lambda: self.served() == self.second.serial.lstrip("0"), 30, "the second certificate")
        self.assertEqual(self.get("/healthz", connection=held)[0], 200, "what is open stays")
        self.assertIn("expires in", self.node.run("status").stdout)
        self.assertRegex(self.get("/metrics")[1].decode(), r'hilum_certificate_days_left\{[^}]*use="http"[^}]*\} [45]')
        self.use(self.expired)
        self.reload()
        wait_until(lambda: loads()[-1]["outcome"] == "failure", 30, "the expired one is refused")
        self.assertEqual(self.served(), self.second.serial.lstrip("0"))
        reloaded = self.node.run("model", "reload")
        self.assertEqual(reloaded.returncode, 1)
        self.assertIn("expired", reloaded.stderr)
        self.assertIn("http", self.node.run("status").stdout)


class PageTest(AccessTest):
    def test_the_page_shows_studies_to_who_has_a_token(self):
        self.start_node_with_a_study()
        browser = Browser(self.folder)
        self.addCleanup(browser.close)
        browser.visit(f"{self.node.url}/")

        def text():
            return browser.run("document.body.innerText")

        def log_in(token):
            browser.run(f"by('token').value = {json.dumps(token)}; by('login').requestSubmit()")
        wait_until(lambda: "Receiving" in text(), 30, "health")
        self.assertNotIn(ACCESSION, text())
        log_in("hilum_" + "0" * 64)
        wait_until(lambda: "This token is not known" in text(), 30, "a refusal")
        log_in(self.tokens["status"])
        wait_until(lambda: "shows no studies" in text() and "Processes" in text(), 30, "status")
        self.assertNotIn(ACCESSION, text())
        browser.visit(f"{self.node.url}/")
        log_in(self.tokens["read"])
        wait_until(lambda: ACCESSION in text(), 30, "studies")
        wait_until(lambda: "delivered" in browser.run("by('studies').innerText"), 30, "the state of the study")
        self.assertIn(f"DICOM port {self.node.port}", text())
        self.assertIn("pacs", browser.run("by('destinations').innerText"))
        self.assertIn(browser.run("new Date().toLocaleString(undefined, { timeZoneName: 'short' }).split(' ').pop()"),
                      browser.run("by('studies').innerText"))
        self.assertEqual(browser.run("document.cookie + localStorage.length + sessionStorage.length"), "00")
        # Refusals are told to the console, and are no error of the page's.
        self.assertEqual([error for error in browser.errors if error.get("source") != "network"], [])


if __name__ == "__main__":
    unittest.main()
