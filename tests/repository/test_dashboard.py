"""What the node's page shows of its answers, as its own script draws it: run by Node, without a browser."""

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY = 24 * 3600

READY = {"ready": True, "receiving": True, "refusing": "", "inferring": True, "draining": False, "not_ready": [], "troubles": [],
         "models": []}
STATUS = {"version": "1.2.3", "receiving": True, "refusing": "", "inferring": True, "draining": False, "scp_port": 11112,
          "scp_tls_port": 0, "certificates": [], "troubles": [], "children": [], "models": [], "queue": {}, "destinations": [],
          "destination_states": [], "audit_server_states": []}
STUDY = {"study_instance_uid": "1.2.3", "accession_number": "A1", "created_at": "2026-01-01T08:00:00.000000Z",
         "received_at": "2026-01-02T10:30:00.000000Z", "state": "delivered", "error": None, "not_analysed": None, "instances": 1,
         "diagnoses": "Pneumonia", "analyses": "analysed:1", "delivered": 2, "urgent_at": None, "withdrawn_at": None}


def page():
    source = (ROOT / "src" / "monitor" / "dashboard.cpp").read_text(encoding="utf-8")
    return re.search(r'R"html\((.*)\)html"', source, re.DOTALL).group(1)


class Shown:
    def __init__(self, said):
        self.elements = said["elements"]
        self.asked = [(one["path"], one["token"]) for one in said["asked"]]

    def tokens_to(self, path):
        return [token for asked, token in self.asked if asked.startswith(path)]

    def text(self, name):
        return self.elements[name]["text"]

    def is_hidden(self, name):
        return self.elements[name]["hidden"]

    def leaves(self, name):
        """(text, kind) of each piece of text."""
        return [(leaf["text"], leaf["kind"]) for leaf in self.elements[name]["leaves"]]

    def rows(self, name):
        """{column: text} of each row."""
        head, *rows = self.elements[name]["rows"]
        titles = [cell["text"] for cell in head]
        return [dict(zip(titles, (cell["text"] for cell in row))) for row in rows]

    def kinds(self, name):
        head, *rows = self.elements[name]["rows"]
        titles = [cell["text"] for cell in head]
        return [dict(zip(titles, (cell["kind"] for cell in row))) for row in rows]


class DashboardTest(unittest.TestCase):
    def setUp(self):
        if shutil.which("node") is None:
            self.skipTest("node is not installed: the page was not tried")
        self.ready, self.status, self.studies = copy.deepcopy(READY), copy.deepcopy(STATUS), []

    def show(self, token="hilum_0", errors=None, **answers):
        """`answers`: status codes of other than 200, or None for no answer, by ready, status or studies; `errors` the same."""
        bodies = {"ready": ("/readyz", self.ready), "status": ("/api/v1/status", self.status),
                  "studies": ("/api/v1/studies?limit=25", {"studies": self.studies})}
        for name, error in (errors or {}).items():
            bodies[name] = (bodies[name][0], {"error": error})
        asked = {path: {"status": answers.get(name, 200), "body": body} for name, (path, body) in bodies.items()
                 if answers.get(name, 200) is not None}
        ran = subprocess.run(["node", ROOT / "tests" / "support" / "show_page.js"],
                             input=json.dumps({"page": page(), "token": token, "answers": asked}), capture_output=True, text=True,
                             timeout=60, check=False, env={**os.environ, "TZ": "Asia/Tokyo", "LANG": "en_US.UTF-8", "LC_ALL": "C.UTF-8"})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return Shown(json.loads(ran.stdout))

    def not_well(self, why, **changes):
        self.ready.update({"ready": False, "not_ready": [why], **changes})
        self.status.update({key: value for key, value in changes.items() if key in self.status})

    def test_what_readiness_lacks_is_shown_with_a_token_and_without(self):
        why = "reports: 3 are overdue by half an hour; see `hilum status`"
        self.not_well(why)
        for token in (None, "hilum_0"):
            self.assertIn(why, self.show(token, ready=503).text("lamps"), token)
        self.assertIn(why, self.show("hilum_0", ready=503, status=403, studies=403).text("lamps"))

    def test_a_full_disk_is_not_a_closed_port(self):
        why = "receiving: refusing: disk: less than scp.min_free_space is free under node.data_dir"
        self.not_well(why, receiving=False, refusing="disk")
        for token in (None, "hilum_0"):
            lamps = self.show(token, ready=503).text("lamps")
            self.assertIn("Receiving: refusing: disk", lamps)
            self.assertNotIn("port is not open", lamps)
            self.assertIn(why, lamps)

    def test_a_node_that_only_stores_lacks_nothing(self):
        self.ready.update({"inferring": False, "stores_only": True})
        lamps = self.show().leaves("lamps")
        self.assertIn(("\u25cb ", "soft"), lamps)
        self.assertNotIn("bad", [kind for _, kind in lamps])
        self.ready["stores_only"] = False
        self.assertIn(("\u25cb ", "bad"), self.show().leaves("lamps"))

    def test_the_ports_that_are_open_are_named_and_no_others(self):
        self.assertIn("Receiving: DICOM port 11112Inferring", self.show().text("lamps").replace("\u25cf ", ""))
        self.status.update({"scp_port": 0, "scp_tls_port": 2762})
        lamps = self.show().text("lamps")
        self.assertIn("DICOM port 2762 (TLS)", lamps)
        self.assertNotIn("port 0", lamps)

    def test_troubles_and_what_ends_are_told(self):
        self.assertTrue(self.show().is_hidden("mending"))
        self.ready["troubles"] = [{"where": "http", "message": "http.tokens_file: chmod 600", "since": "2026-01-02T10:30:00Z"}]
        now = int(time.time())
        self.status["certificates"] = [
            {"use": "scp", "kind": "certificate", "source": "a.pem", "subject": "CN=a", "not_before": now - 360 * DAY,
             "not_after": now + 5 * DAY, "error": ""},
            {"use": "http", "kind": "revocation_list", "source": "b.crl", "subject": "CN=b", "not_before": now - 8 * DAY,
             "not_after": now - DAY, "error": ""},
            {"use": "scp", "kind": "authority", "source": "c.pem", "subject": "CN=c", "not_before": now - DAY,
             "not_after": now + 90 * DAY, "error": ""},
            {"use": "destination pacs", "kind": "refused", "source": "", "subject": "", "not_before": 0, "not_after": 0,
             "error": "no such file"}]
        self.status["audit_server_states"] = [
            {"name": "siem", "state": "down", "since": "2026-01-02T10:30:00Z", "error": "refused"},
            {"name": "other", "state": "up", "since": "", "error": ""}]
        self.status["children"] = [{"role": "decoder", "name": "1", "pid": 7, "state": "running", "restarts": 1,
                                    "forbidden_calls": 1, "last_forbidden": "setns"}]
        shown = self.show()
        self.assertFalse(shown.is_hidden("mending"))
        rows = shown.rows("troubles")
        self.assertEqual([row["Where"] for row in rows],
                         ["http", "scp", "http", "destination pacs", "audit.syslog siem", "decoder 1"])
        self.assertIn("chmod 600", rows[0]["What"])
        self.assertRegex(rows[0]["Since"], r"7:30:00\sPM GMT\+9")
        self.assertRegex(rows[1]["What"], r"the certificate of CN=a in a.pem expires .*GMT\+9")
        self.assertIn("revocation list of CN=b in b.crl has EXPIRED", rows[2]["What"])
        self.assertIn("no such file", rows[3]["What"])
        self.assertEqual([row["What"] for row in shown.kinds("troubles")], ["bad", "", "bad", "bad", "bad", ""])
        self.assertEqual([row["Where"] for row in self.show(None, status=401).rows("troubles")], ["http"],
                         "for everybody")

    def test_a_list_is_told_in_the_last_quarter_of_its_life_and_before_it_counts(self):
        now = int(time.time())

        def of_list(begins, ends):
            self.status["certificates"] = [{"use": "scp", "kind": "revocation_list", "source": "a.crl", "subject": "CN=a",
                                            "not_before": now + begins, "not_after": now + ends, "error": ""}]
            shown = self.show()
            return [] if shown.is_hidden("mending") else [(row["What"], kind["What"]) for row, kind in
                                                          zip(shown.rows("troubles"), shown.kinds("troubles"))]
        self.assertEqual(of_list(-DAY, 7 * DAY), [], "one of each week is new")
        self.assertEqual(of_list(-DAY, -now), [], "one that names no next one")
        (what, kind), = of_list(-7 * DAY, DAY)
        self.assertIn("expires", what)
        self.assertEqual(kind, "")
        (what, kind), = of_list(600, 7 * DAY)
        self.assertIn("is not valid before", what)
        self.assertIn("clock", what)
        self.assertEqual(kind, "bad")

    def test_every_destination_is_there_from_the_start(self):
        self.status["destination_states"] = [
            {"name": "pacs", "state": "down", "since": "2026-01-02T10:30:00Z", "error": "connection refused"},
            {"name": "ris", "state": "up", "since": "", "error": ""}]
        self.status["destinations"] = [
            {"name": "ris", "waiting": 3, "delivered": 5, "refused": 1, "last_error": "A700",
             "last_error_at": "2026-01-02T10:30:00Z", "paused_at": None},
            {"name": "gone", "waiting": 0, "delivered": 9, "refused": 0, "last_error": "",
             "last_error_at": None, "paused_at": None}]
        shown = self.show()
        rows = {row["Name"]: row for row in shown.rows("destinations")}
        self.assertEqual({name: row["State"] for name, row in rows.items()}, {"gone": "-", "pacs": "DOWN", "ris": "up"})
        self.assertEqual((rows["pacs"]["Waiting"], rows["pacs"]["Problem"]), ("0", "connection refused"))
        self.assertIn("GMT+9", rows["pacs"]["Since"])
        self.assertEqual((rows["ris"]["Delivered"], rows["gone"]["Last error"]), ("5", ""))
        self.assertRegex(rows["ris"]["Last error"], r"1/2/2026, 7:30:00\sPM GMT\+9: A700")
        self.assertEqual([row["State"] for row in shown.kinds("destinations")], ["soft", "bad", "ok"])

    def test_a_node_without_an_active_model_says_that_it_only_stores(self):
        self.ready.update(inferring=False, stores_only=True)
        self.assertIn("nothing is reported", self.show().text("lamps"))

    def test_a_study_has_its_state_its_error_and_the_time_that_sorts_it(self):
        self.studies = [{**STUDY, "state": "failed", "error": "the PACS refuses: A700"}, STUDY,
                        {**STUDY, "state": "not_analysed", "not_analysed": "the view is LATERAL"}]
        shown = self.show()
        failed, delivered, refused = shown.rows("studies")
        self.assertRegex(failed["Received last"], r"1/2/2026, 7:30:00\sPM GMT\+9")
        self.assertEqual((failed["State"], failed["Problem"]), ("failed", "the PACS refuses: A700"))
        self.assertEqual((delivered["State"], delivered["Problem"]), ("delivered", ""))
        self.assertEqual(refused["Problem"], "the view is LATERAL")
        self.assertEqual([row["State"] for row in shown.kinds("studies")], ["bad", "", ""])

    def test_what_is_answered_is_shown_where_the_database_fails(self):
        why = "the database fails: disk I/O error"
        self.not_well(why, receiving=False, refusing="database")
        shown = self.show(ready=503, status=503, studies=503)
        self.assertIn(why, shown.text("lamps"))
        self.assertIn("/api/v1/status answers 503", shown.text("fetched"))
        self.assertIn("GMT+9", self.show().text("fetched"))

    def test_a_token_that_is_not_taken_is_forgotten_and_why_is_said(self):
        words = "a token is taken over TLS alone; this one was seen by the network: replace it"
        for code, error, why in ((403, {"code": "not_encrypted", "message": words}, words),
                                 (401, {"code": "unknown_token", "message": "nobody's"}, "not known")):
            shown = self.show(status=code, studies=code, errors={"status": error})
            self.assertFalse(shown.is_hidden("login"), code)
            self.assertIn(why, shown.text("refused"), code)
            self.assertEqual(shown.tokens_to("/api/v1/status").count("hilum_0"), 1, "and not at the next refresh")

    def test_a_role_that_sees_no_studies_keeps_its_token(self):
        shown = self.show(studies=403, errors={"studies": {"code": "role", "message": "this needs the role read"}})
        self.assertTrue(shown.is_hidden("login"))
        self.assertIn("shows no studies", shown.text("studies"))
        self.assertEqual(shown.tokens_to("/api/v1/status")[-1], "hilum_0")

    def test_the_groups_of_the_socket_give_the_role_without_a_token(self):
        self.studies = [STUDY]
        shown = self.show(None)
        self.assertTrue(shown.is_hidden("login"))
        self.assertIn("1.2.3", shown.text("version"))
        self.assertEqual(len(shown.rows("studies")), 1)
        refused = self.show(None, status=403, errors={"status": {"code": "role", "message": "this needs the role status"}})
        self.assertFalse(refused.is_hidden("login"))
        self.assertIn("this needs the role status", refused.text("refused"))

    def test_without_a_token_and_a_role_only_health_is_shown_and_nothing_is_wrong(self):
        shown = self.show(None, status=401, studies=401)
        self.assertFalse(shown.is_hidden("login"))
        self.assertEqual(shown.text("refused"), "")
        self.assertIn("as of", shown.text("fetched"))
        self.assertEqual(shown.tokens_to("/api/v1/studies"), [])

    def test_what_no_token_can_be_is_refused_at_once_and_sent_nowhere(self):
        for typed in ("hilum_\u2026", "hil\u00fcm", "two words", "a\tb"):
            shown = self.show(typed, status=401, studies=401)
            self.assertIn("no token", shown.text("refused"), typed)
            self.assertEqual({token for _, token in shown.asked}, {""}, typed)
            self.assertIn("as of", shown.text("fetched"), typed)

    def test_health_is_asked_without_the_token(self):
        shown = self.show()
        self.assertEqual(set(shown.tokens_to("/readyz")), {""})
        self.assertIn("hilum_0", shown.tokens_to("/api/v1/status"))

    def test_names_from_outside_turn_nothing_around(self):
        hidden = "a\u202eb\u200bc"
        self.ready["troubles"] = [{"where": "http", "message": hidden, "since": hidden}]
        self.status["destination_states"] = [{"name": hidden, "state": "down", "since": hidden, "error": hidden}]
        self.studies = [{**STUDY, "received_at": hidden, "state": hidden, "error": hidden}]
        shown = self.show()
        for row in shown.rows("troubles") + shown.rows("destinations") + shown.rows("studies"):
            self.assertIsNone(re.search("[\u202e\u200b]", "".join(row.values())), row)
        self.assertEqual(shown.rows("studies")[0]["Problem"], "a?b?c")


if __name__ == "__main__":
    unittest.main()
