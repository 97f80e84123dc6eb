"""Every event of the audit trail has its DICOM audit message, and the conformance statement says which."""

import pathlib
import re
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
VOCABULARY = (SOURCE / "src" / "syslog" / "audit_vocabulary.cpp").read_text()
ROW = re.compile(r"""\{"(\w+)", (\w+), '(\w)', (\w+)\}""")
# How the source says what an event is.
SAID = re.compile(r"""\.type = [^;"]*"(\w+)"(?: : "(\w+)")?|event_(?:of|for|of_object)\((?:transaction, )?"(\w+)"|"""
                  r"""audit_(?:operator|hold|commitment)\(transaction, "(\w+)"|event_of\([^"\n]* \? "(\w+)" : "(\w+)\"""")


def written_events():
    found = set()
    for file in (SOURCE / "src").rglob("*.cpp"):
        if file.parent.name != "syslog":
            found.update(word for words in SAID.findall(file.read_text()) for word in words
                         if word.strip("_") == word != "")
    return found


def composed_events():
    """Those whose names are put together: kinds of receivers' events, outcomes, reasons."""
    receiving = (SOURCE / "src" / "contract" / "messages" / "receiving.h").read_text()
    catalogue = (SOURCE / "src" / "store" / "overview" / "metric_catalogue.cpp").read_text()
    kinds = set(re.findall(r"\{ReceiverEventKind::\w+, \"(\w+)\"\}", receiving))
    reasons = re.search(r"database_replacements\{([^}]*)\}", catalogue)[1]
    databases = {f"database_{reason}" for reason in re.findall(r'"(\w+)"', reasons)}
    return kinds | databases | {"analysed", "not_analysed", "analysis_failed", "report_failed"}


class AuditVocabularyTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.rows = ROW.findall(VOCABULARY)

    def test_it_has_every_event_that_the_node_writes(self):
        written = written_events()
        self.assertGreater(len(written), 40)
        self.assertGreater(len(composed_events()), 15)
        self.assertEqual(sorted((written | composed_events()) - {row[0] for row in self.rows}), [])

    def test_it_has_no_event_that_nobody_writes(self):
        self.assertEqual(sorted({row[0] for row in self.rows} - written_events() - composed_events()), [])

    def test_it_is_in_order_and_names_nothing_twice(self):
        names = [row[0] for row in self.rows]
        self.assertEqual(names, sorted(set(names)))

    def test_the_conformance_statement_says_the_same(self):
        messages = {word: (meaning, code) for word, code, meaning in
                    re.findall(r'case (\w+):\s+return \{"(\d+)", "DCM", "([^"]+)"\}', VOCABULARY)}
        messages["security_alert"] = ("Security Alert", "110113")
        self.assertIn('return {"110113", "DCM", "Security Alert"}', VOCABULARY)
        kinds = {word: f"{meaning} ({code})" for word, code, meaning in
                 re.findall(r'CodedTerm (\w+)\{"(\d+)", "DCM", "([^"]+)"\}', VOCABULARY)}
        expected = [f"| `{event}` | {messages[message][0]} ({messages[message][1]}) | {action} | {kinds.get(kind, '')} |"
                    for event, message, action, kind in self.rows]
        page = (SOURCE / "docs" / "conformance-statement.md").read_text()
        table = page.partition("<!-- audit messages: begin -->")[2].partition("<!-- audit messages: end -->")[0]
        self.assertEqual([line for line in table.splitlines() if line.startswith("| `")], expected)


if __name__ == "__main__":
    unittest.main()
