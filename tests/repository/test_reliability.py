"""docs/reliability.md names tests that exist."""

import os
import pathlib
import re
import subprocess
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HILUM_BUILD"])


class ReliabilityPageTest(unittest.TestCase):
    def test_every_promise_is_shown_by_tests_that_there_are(self):
        listed = subprocess.run(["ctest", "--test-dir", str(BUILD), "-N"], capture_output=True, text=True, check=True).stdout
        known = {name.rpartition(".")[0] or name for name in re.findall(r"^ *Test +#\d+: (\S+)", listed, re.MULTILINE)}
        page = (SOURCE / "docs" / "reliability.md").read_text()
        promises = re.findall(r"^\| \*\*(\d)\..*\*\*.*?\| (.*) \|$", page, re.MULTILINE)
        self.assertEqual([number for number, _ in promises], list("12345678"))
        for number, shown_by in promises:
            names = re.findall(r"`([A-Za-z]\w*(?:/\w+)?)`", shown_by)
            self.assertTrue(names, number)
            self.assertEqual([name for name in names if name not in known], [], f"promise {number}")
