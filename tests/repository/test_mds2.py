"""docs/mds2.md is what tools/mds2 writes now, and its answers refer to nothing that is not there."""

import copy
import os
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ["HILUM_BIN"])
sys.path.insert(0, str(SOURCE / "tools" / "support"))

import mds2  # noqa: E402


class AnswerSheetTest(unittest.TestCase):
    def setUp(self):
        self.answers = yaml.safe_load(mds2.ANSWERS.read_text())

    def test_the_page_is_what_its_sources_say(self):
        checked = subprocess.run([SOURCE / "tools" / "mds2", "--check", "--binaries", BINARIES], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_every_section_asks_something_and_every_plain_answer_has_a_reason(self):
        self.assertEqual([about["section"] for about in self.answers], list(mds2.SECTIONS))
        questions = [question for about in self.answers for question in about["questions"]]
        self.assertGreater(len(questions), 60)
        for question in questions:
            if mds2.WORDS[question["answer"]] == "see note":
                self.assertIn("note", question, question["ask"])

    def refused(self, **changed):
        """Why a page is refused whose first question was changed."""
        answers = copy.deepcopy(self.answers)
        answers[0]["questions"][0].update(changed)
        with self.assertRaises(mds2.Wrong) as refused:
            mds2.page(answers, BINARIES)
        self.assertIn("MPII-1", str(refused.exception))
        return str(refused.exception)

    def test_what_is_named_and_does_not_exist_is_refused(self):
        self.assertIn("scp.tls.cyphers", self.refused(set_by=["scp.tls.cyphers"]))
        self.assertIn("destinations[].wifi", self.refused(set_by=["destinations[].wifi"]))
        self.assertIn("test_nothing", self.refused(shown_by=["test_nothing"]))
        self.assertIn("no heading for #nowhere", self.refused(see=["security.md#nowhere"]))
        self.assertIn("no docs/none.md", self.refused(see=["none.md"]))
        self.assertIn("patient_erased", self.refused(events=["patient_erased"]))
        self.assertIn("no verb retention erase", self.refused(verbs=["retention erase"]))
        self.assertIn("/usr/share/doc/hilum/mds2.xlsx", self.refused(installed=["/usr/share/doc/hilum/mds2.xlsx"]))
        self.assertIn("no single value", self.refused(note="{default:retention}"))
        self.assertIn("perhaps", self.refused(answer="perhaps"))
        self.assertIn("it has sown_by", self.refused(sown_by=["test_tls"]))

    def test_defaults_are_those_of_the_configuration(self):
        page = mds2.page(self.answers, BINARIES)
        text = (SOURCE / "config" / "hilum.yaml").read_text()
        keep, = re.findall(r"^retention:\n(?:  .*\n)*?  keep: (\S+)$", text, re.MULTILINE)
        self.assertIn(f"| `retention.keep` | {keep} |", page)
        self.assertEqual(mds2.default("scp.tls.client_certificates"), "required")

    def test_the_tables_have_what_the_program_has(self):
        page = mds2.page(self.answers, BINARIES)
        for role in ("coordinator", "decoder", "worker on a GPU", "syslog"):
            self.assertRegex(page, rf"(?m)^\| {role} \| ")
        self.assertIn("TLS_AES_256_GCM_SHA384", page)
        self.assertIn("| `scp.port` (11112) | in |", page)
        self.assertIn(f"Events ({len(mds2.events())}): ", page)
        self.assertGreater(len(mds2.events()), 60)

    def test_the_ports_are_those_of_the_configuration(self):
        ports = "\n".join(mds2.ports(BINARIES))
        for key in ("scp.port", "scp.tls.port", "http.listen"):
            self.assertIn(f"`{key}` ({mds2.default(key)})", ports)


if __name__ == "__main__":
    unittest.main()
