"""Every verb of `hilum` on a new node with everything configured, with and without --json, the daemon up and down."""

import json
import os
import pathlib
import pty
import select
import subprocess
import unicodedata

import pydicom

from hilum_harness import BINARIES, MODEL, HilumTest, configuration, make_phantoms, wait_until

DESTINATIONS = [
    {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": 1, "first_delay": "200ms", "longest_delay": "1s",
     "timeout": "2s", "storage_commitment": {"request": True}},
    {"name": "a-destination-with-a-very-long-name", "ae_title": "ARCHIVE", "host": "127.0.0.1", "port": 1,
     "first_delay": "200ms", "longest_delay": "1s", "timeout": "2s", "sr": {"sop_class": "comprehensive"}},
    {"name": "ris", "protocol": "hl7", "host": "127.0.0.1", "port": 1, "first_delay": "200ms", "longest_delay": "1s",
     "timeout": "2s"},
]
# A verb, and its exit codes: daemon up; stopped; never started.
VERBS = [
    (["status"], {0, 1}, {1}, {3}),
    (["studies"], {0}, {0}, {3}),
    (["studies", "--patient", "NOBODY", "--accession", "NONE", "--since", "2h", "--state", "failed"], {0}, {0}, {3}),
    (["studies", "--state", "quarantined"], {2}, {2}, {2}),
    (["jobs"], {2}, {2}, {2}),
    (["jobs", "list"], {0}, {0}, {3}),
    (["jobs", "list", "--state", "failed"], {2}, {2}, {2}),
    (["jobs", "show", "analysis/1"], {1}, {1}, {3}),
    (["jobs", "show", "--accession", "NONE"], {0}, {0}, {3}),
    (["jobs", "retry", "--accession", "NONE"], {1}, {3}, {3}),
    (["jobs", "discard", "delivery/7"], {1}, {3}, {3}),
    (["results", "resend", "--study", "1.2.3"], {1}, {3}, {3}),
    (["results", "withdraw", "--study", "1.2.3", "--reason", "quality"], {1}, {3}, {3}),
    (["destinations", "pause", "pacs"], {0}, {3}, {3}),
    (["destinations", "resume", "pacs"], {0}, {3}, {3}),
    (["destinations", "pause", "pasc"], {1}, {3}, {3}),
    (["audit", "verify"], {0}, {0}, {3}),
    (["audit", "export"], {0}, {0}, {3}),
    (["audit", "export", "--from", "yesterday"], {2}, {2}, {2}),
    (["echo"], {1}, {1}, {1}),
    (["echo", "ris"], {1}, {1}, {1}),
    (["echo", "nowhere"], {1}, {1}, {1}),
    (["send", "/nonexistent"], {1}, {1, 3}, {1, 3}),
    (["predict", "/nonexistent"], {1}, {1}, {1}),
    (["model", "inspect", str(MODEL)], {0}, {0}, {0}),
    (["model", "inspect", "/nonexistent"], {1}, {1}, {1}),
    (["model", "verify", "/nonexistent"], {1}, {1}, {1}),
    (["model", "reload"], {0}, {3}, {3}),
    (["dataset"], {2}, {2}, {2}),
    (["dataset", "check", "/nonexistent"], {1}, {1}, {1}),
    (["dataset", "create", "--output", "/nonexistent/set", "--images", "/nonexistent", "--labels", "/nonexistent"],
     {1}, {1}, {1}),
    (["dataset", "create", "--output", "/nonexistent/set", "--images", "/nonexistent", "--labels", "/nonexistent",
      "--split", "70:30"], {2}, {2}, {2}),
    (["frobnicate"], {2}, {2}, {2}),
    (["--help"], {0}, {0}, {0}),
]


def columns_of(line):
    """How wide a terminal shows it."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class CommandLine(HilumTest):
    changes = {"destinations": DESTINATIONS, "triage": {"urgent": {"Pneumonia": "positive"}},
               "node": {"institution": "Test"}}

    def start_pacs(self):
        class NoPacs:
            port = 0

            @staticmethod
            def know(*_):
                pass
        return NoPacs()

    def run_verb(self, arguments, allowed, as_json):
        ran = self.node.run(*arguments, *(["--json"] if as_json else []))
        said = f"{arguments}\n{ran.stdout}\n{ran.stderr}"
        self.assertIn(ran.returncode, allowed, said)
        self.assertNotIn("exception", said)
        self.assertNotIn("1970-", said)  # of a time; UIDs have such digits too
        text = not as_json and arguments[0] != "predict" and arguments[:2] != ["audit", "export"]
        for line in ran.stdout.splitlines() if text else []:
            self.assertLessEqual(columns_of(line), 80, line)
        if as_json and ran.returncode in (0, 1, 3) and arguments != ["--help"] and arguments[:2] != ["audit", "export"]:
            json.loads(ran.stdout)
        return ran

    def walk(self, which):
        for arguments, *allowed in VERBS:
            for as_json in (False, True):
                with self.subTest(arguments=arguments, json=as_json):
                    self.run_verb(arguments, allowed[which], as_json)


class EmptyNodeTest(CommandLine):
    def test_every_verb_before_the_first_start_while_it_runs_and_after_it_was_stopped(self):
        self.walk(2)
        self.node.start()
        self.walk(0)
        status = json.loads(self.node.run("status", "--json").stdout)
        self.assertTrue(status["running"])
        self.assertEqual({destination["name"] for destination in status["destination_states"]},
                         {destination["name"] for destination in DESTINATIONS})
        self.assertEqual(self.node.stop(), 0)
        self.walk(1)

    def test_a_well_node_says_so_by_its_exit_code(self):
        self.node.start()
        ran = wait_until(lambda: (lambda shown: shown if shown.returncode == 0 else None)(self.node.run("status")), 60,
                         "that the node is well")
        self.assertNotIn("NOT WELL", ran.stdout)
        self.assertEqual(self.node.stop(), 0)
        stopped = self.node.run("status")
        self.assertEqual(stopped.returncode, 1)
        self.assertIn("hilumd is not running", stopped.stdout)


class StudiesTest(CommandLine):
    changes = {**CommandLine.changes, "study": {"idle_timeout": "300ms", "max_wait": "30s", "max_age": "7d"}}

    def setUp(self):
        super().setUp()
        self.node.start()

    def api(self, path):
        status, body = self.node.ask(path)
        return status, json.loads(body)

    def test_a_line_a_study_tells_what_became_of_it(self):
        fresh, old = make_phantoms(self.folder / "phantoms", 2, seed=7)
        dataset = pydicom.dcmread(old)
        dataset.StudyDate, dataset.PatientID, dataset.AccessionNumber = "20010101", "山田\x1b[31m^太郎", "OLD"
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.save_as(old)
        today = pydicom.dcmread(fresh)
        today.StudyDate, today.PatientID, today.AccessionNumber = "", "P-1", "FRESH"
        today.save_as(fresh)
        self.send(fresh, old)

        def of(accession):
            return self.api(f"/api/v1/studies?accession_number={accession}")[1]["studies"][0]
        wait_until(lambda: of("FRESH")["state"] == "sending", 120, "the report of the fresh one")
        self.assertEqual(of("OLD")["priors"], 1)
        shown = self.run_verb(["studies"], {0}, False)
        lines = shown.stdout.splitlines()
        self.assertEqual(len(lines), 3, shown.stdout)
        self.assertIn("OLD", lines[1])
        self.assertIn("not analysed", lines[1])
        self.assertIn("FRESH", lines[2])
        self.assertIn("v1: ", lines[2])
        self.assertNotIn("山田", shown.stdout)
        for filters in (["--patient", "P-1"], ["--accession", "FRESH"], ["--state", "sending", "--since", "1h"]):
            found = json.loads(self.run_verb(["studies", *filters], {0}, True).stdout)["studies"]
            self.assertEqual([study["accession_number"] for study in found], ["FRESH"], filters)
        self.assertEqual(self.api("/api/v1/studies?patient_id=P-1")[1]["studies"][0]["accession_number"], "FRESH")
        self.assertEqual(self.api("/api/v1/studies?patient=P-1")[0], 400)
        self.assertEqual(self.api("/api/v1/jobs?state=failed")[0], 400)
        listed = self.run_verb(["jobs", "list"], {0}, False).stdout
        self.assertIn("ERROR", listed.splitlines()[0])
        shown = self.run_verb(["jobs", "show", "--accession", "FRESH"], {0}, False).stdout
        self.assertIn("instance_received", shown)

    def test_a_withdrawal_is_shown_and_confirmed(self):
        file, = make_phantoms(self.folder / "phantoms", 1, seed=9)
        dataset = pydicom.dcmread(file)
        dataset.StudyDate = ""
        dataset.save_as(file)
        study = str(dataset.StudyInstanceUID)
        self.send(file)
        wait_until(lambda: self.api("/api/v1/studies")[1]["studies"][0]["state"] == "sending", 120, "a report")
        command = ["results", "withdraw", "--study", study, "--reason", "quality"]
        refused = self.run_verb(command, {2}, False)
        self.assertIn("version 1 of demo", refused.stdout)
        self.assertIn("--yes", refused.stderr)
        self.assertEqual(self.api("/api/v1/studies")[1]["studies"][0]["state"], "sending")
        self.assertIn("[y/N]", self.at_a_terminal(command, b"n\n", 2))
        self.assertIn("withdrawn", self.at_a_terminal(command, b"y\n", 0))
        self.assertEqual(self.api("/api/v1/studies?state=withdrawn")[1]["studies"][0]["study_instance_uid"], study)

    def at_a_terminal(self, arguments, answer, code):
        """What a terminal shows when `answer` is typed at the question."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [BINARIES / "hilum", "--config", self.node.configuration_file, *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown, answered = b"", False
        while select.select([ours], [], [], 60)[0]:
            try:
                part = os.read(ours, 4096)
            except OSError:  # EIO: the other end was closed
                break
            shown += part
            if not answered and b"[y/N]" in shown:
                os.write(ours, answer)
                answered = True
        self.assertEqual(process.wait(60), code, shown)
        os.close(ours)
        return shown.decode()


class CheckTest(CommandLine):
    def check(self, text):
        file = pathlib.Path(self.folder) / "checked.yaml"
        file.write_text(text, encoding="utf-8")
        return subprocess.run([BINARIES / "hilumd", "--config", file, "--check"], capture_output=True, text=True,
                              timeout=120, check=False)

    def test_an_option_that_is_none_ends_every_program_as_its_page_says(self):
        for program, status in (("hilum", 2), ("hilumd", 1), ("hilum-train", 2)):
            ran = subprocess.run([BINARIES / program, "--bogus"], capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(ran.returncode, status, f"{program}: {ran.stderr}")

    def test_warnings_are_no_failure_and_problems_are(self):
        empty = self.check("node: {ae_title: HILUM}\nscp: {port: 0}\nhttp: {listen: none}\n")
        self.assertEqual(empty.returncode, 0, empty.stderr)
        for key in ("scp.accept", "models", "destinations"):
            self.assertIn(f"warning: {key}", empty.stderr)
        wise = self.check(configuration(self.folder / "checked", 104))
        self.assertEqual((wise.returncode, wise.stderr), (0, ""))
        for text, words in (("desintations: []\n", "did you mean 'destinations'?"),
                            ("node:\n\tae_title: HILUM\n", "checked.yaml:2: is indented with a tab"),
                            ("node: {ae_title: KÖLN}\n", "not ASCII"),
                            ("node: {ae_title: AN_AE_TITLE_TOO_LONG}\n", "16 at most")):
            wrong = self.check(text)
            self.assertEqual(wrong.returncode, 1, wrong.stderr)
            self.assertIn(words, wrong.stderr)
            self.assertNotIn("warning:", wrong.stderr)

    def test_a_port_in_use_is_told_but_not_the_nodes_own(self):
        self.node.start()
        settings = json.loads(self.node.configuration_file.read_text())
        settings["scp"]["port"] = self.node.port
        own = self.check(json.dumps(settings))
        self.assertEqual((own.returncode, own.stderr), (0, ""))
        settings["node"]["data_dir"] = str(self.folder / "another")
        another = self.check(json.dumps(settings))
        self.assertEqual(another.returncode, 0)
        self.assertIn("in use by another program", another.stderr)
