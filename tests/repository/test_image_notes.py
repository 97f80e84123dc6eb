"""What is told of an image has codes that docs/pixels.md lists, and no others."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# note_mended() hands its caller's code on.
CALLS = (r'\badd_note\(\s*[^,()]+(?:\.\w+)?,\s*"(\w+)"', r'\bnote_mended\(\s*[^,()]+,\s*"(\w+)"')


def codes_in_source():
    text = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "src").rglob("*.cpp"))
    return {code for call in CALLS for code in re.findall(call, text)}


def documented_codes():
    text = (ROOT / "docs" / "pixels.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- notes: begin -->(.*)<!-- notes: end -->", text, re.DOTALL).group(1)
    return {code for row in table.splitlines() if row.startswith("| `")
            for code in re.findall(r"`(\w+)`", row.split(" | ")[0])}


class ImageNotesTest(unittest.TestCase):
    def test_every_code_is_documented_and_no_other(self):
        codes = codes_in_source()
        self.assertGreater(len(codes), 4, "the pattern that finds codes no longer fits the source")
        self.assertEqual(documented_codes(), codes)
