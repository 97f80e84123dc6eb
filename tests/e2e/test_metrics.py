"""/metrics has what docs/metrics.md says, from the start, and counts what happens."""

import re

from certificates import Authority
from hilum_harness import SOURCE, HilumTest, http, make_phantoms, wait_until
from local_services import free_port
from syslog_server import SyslogServer

SAMPLE = re.compile(r'^(\w+?)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class MetricsTest(HilumTest):
    def make_node(self, name="node", **changes):
        destinations = [
            {"name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": self.pacs.port,
             "storage_commitment": {"request": True}},
            {"name": "ris", "protocol": "hl7", "host": "127.0.0.1", "port": free_port()}]
        node = Authority(self.folder / "ca", "hospital").issue("hilum.hospital", "IP:127.0.0.1")
        tls = {"port": 0, "certificate": str(node.certificate), "key": str(node.key), "client_certificates": "none"}
        collector = SyslogServer("tcp").start()
        self.addCleanup(collector.stop)
        audit = {"syslog": [{"name": "arr", "host": "127.0.0.1", "port": collector.port, "protocol": "tcp"}]}
        return super().make_node(name, destinations=destinations, scp={"tls": tls}, audit=audit, **changes)

    def setUp(self):
        super().setUp()
        self.start_node()
        wait_until(lambda: 'diagnosis="' in self.text(), 30, "the model's labels are counted")
        wait_until(lambda: "hilum_audit_syslog_seconds_since_sent{" in self.text(), 30, "the audit trail arrives")

    def text(self):
        status, body = http(f"{self.node.url}/metrics")
        self.assertEqual(status, 200)
        return body.decode()

    def samples(self):
        """{(name, labels as a frozenset of pairs): value}"""
        found = {}
        for line in self.text().splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                found[name, frozenset(LABEL.findall(labels or ""))] = float(value)
        return found

    def documented(self):
        """{name: (type, labels)} of the table."""
        page = (SOURCE / "docs" / "metrics.md").read_text(encoding="utf-8")
        table = page[page.index("<!-- metrics: begin -->"):page.index("<!-- metrics: end -->")]
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", table, re.MULTILINE)
        return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}

    def test_the_table_is_what_a_node_gives(self):
        types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", self.text(), re.MULTILINE))
        documented = self.documented()
        self.assertEqual(types, {name: kind for name, (kind, _) in documented.items()})
        labels = {name: set() for name in types}
        for (name, pairs) in self.samples():
            family = re.sub(r"_(bucket|sum|count)$", "", name) if name not in types else name
            labels[family] |= {key for key, _ in pairs if key != "le"}
        self.assertEqual(labels, {name: names for name, (_, names) in documented.items()})
        self.assertNotIn("See docs/metrics.md", self.text())

    def test_counters_are_there_before_anything_happens_and_count_what_does(self):
        samples = self.samples()

        def value(name, **labels):
            return self.samples()[name, frozenset(labels.items())]

        for name, pairs in samples:
            if name.startswith(("hilum_deliveries", "hilum_receipt", "hilum_jobs_quarantined", "hilum_instances")):
                self.assertEqual(samples[name, pairs], 0, name)
        self.assertEqual(samples["hilum_waiting_deliveries", frozenset({("destination", "ris")})], 0)
        self.assertEqual(value("hilum_analyses_total", model="demo", outcome="analysed", diagnosis="indeterminate"), 0)
        self.send(*make_phantoms(self.folder / "phantoms", 1, seed=51))
        wait_until(lambda: value("hilum_deliveries_total", destination="pacs", outcome="delivered") == 2, 60,
                   "report and capture are delivered")
        wait_until(lambda: value("hilum_waiting_deliveries", destination="ris") == 1, 60, "the message waits")
        self.assertEqual(value("hilum_receipt_to_delivery_seconds_count", destination="pacs"), 2)
        self.assertEqual(value("hilum_receipt_to_delivery_seconds_count", destination="ris"), 0)
        self.assertEqual(value("hilum_receipt_to_delivery_seconds_bucket", destination="pacs", le="86400"), 2)
        self.assertEqual(value("hilum_receipt_to_analysis_seconds_count", model="demo"), 1)
        self.assertEqual(value("hilum_receipt_to_report_seconds_count", model="demo"), 1)
        self.assertGreater(value("hilum_receipt_to_report_seconds_sum", model="demo"), 0.3)  # study.idle_timeout
        self.assertGreater(value("hilum_free_bytes"), 0)
        self.assertEqual(value("hilum_instances_received_total", outcome="stored"), 1)
