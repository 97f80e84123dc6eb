"""Codes have series of their own in the metrics: what an image may be refused for, and what may fail."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = re.compile(r'\b(?:fail\(|Error\{)\s*"(\w+)"')
# Of the check of a report, which tells it as a violation.
WITHIN = {"too_deep"}


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def counted(array):
    """The codes of an array of the metric catalogue."""
    source = text_of("src/store/overview/metric_catalogue.cpp")
    return set(re.findall(r'"(\w+)"', re.search(array + r"\{(.*?)\};", source, re.DOTALL).group(1)))


def refusals():
    """The table of codes in docs/pixels.md."""
    table = re.search(r"<!-- codes: begin -->(.*)<!-- codes: end -->", text_of("docs/pixels.md"), re.DOTALL).group(1)
    return {code for row in table.splitlines() if row.startswith("| `")
            for code in re.findall(r"`(\w+)`", row.split(" | ")[0])}


class MetricCodesTest(unittest.TestCase):
    def test_each_reason_why_an_image_is_not_analysed_is_counted_by_name(self):
        self.assertGreater(len(refusals()), 10, "the table is written in another way")
        self.assertEqual(counted("not_analysed_codes"), refusals() | {"other"})

    def test_each_failure_of_one_image_is_counted_by_name(self):
        sentence = re.search(r"For one image, the codes are (.*?)\n", text_of("docs/model-package.md")).group(1)
        codes = set(re.findall(r"`(\w+)`", sentence))
        self.assertIn("out_of_range", codes)
        self.assertLessEqual(codes, counted("failure_codes"))

    def test_each_failure_of_composing_is_counted_by_name(self):
        files = [file for folder in ("src/results", "src/contract/artifact")
                 for file in (ROOT / folder).rglob("*.cpp") if "delivery" not in file.parts]
        codes = {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))}
        self.assertIn("no_font", codes)
        self.assertLessEqual(codes - WITHIN, counted("failure_codes"))

    def test_no_metric_is_documented_twice(self):
        names = re.findall(r"^\| `(hilum_\w+)` \|", text_of("docs/metrics.md"), re.MULTILINE)
        self.assertEqual(sorted(set(names)), sorted(names))
