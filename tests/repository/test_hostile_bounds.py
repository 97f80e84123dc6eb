"""What tools/hostile calls too much: each figure that grows beyond its bound is a failure of the run, and of its short form."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "support"))

from hostile_bounds import exceeded  # noqa: E402


def figures(**changes):
    """Of a run in which all is well, but for what is changed: during_processes=500."""
    told = {part: {"processes": 8, "descriptors": 150, "most_descriptors": 40, "memory_mib": 40, "sanitizer": False}
            for part in ("calm", "during", "after")}
    told["audit_rows"] = {"association_rejected": 200, "connection_refused": 60, "timeout": 20, "not_dicom": 20, "association_aborted": 900}
    for name, value in changes.items():
        part, _, what = name.partition("_")
        told["audit_rows" if part == "audit" else part][what] = value
    return told


class Bounds(unittest.TestCase):
    def test_a_run_in_which_nothing_grows_is_well(self):
        self.assertEqual(exceeded(figures(), 10, 25), [])

    def test_each_figure_has_its_bound(self):
        for name, value in (("during_processes", 8 + 80 + 25 + 1), ("after_processes", 11), ("during_memory_mib", 441), ("after_memory_mib", 101),
                            ("during_most_descriptors", 1197), ("audit_timeout", 100)):
            with self.subTest(name):
                failed = exceeded(figures(**{name: value}), 10, 25)
                self.assertEqual(len(failed), 1, failed)

    def test_what_a_sanitizer_keeps_is_no_growth(self):
        self.assertEqual(exceeded(figures(during_memory_mib=2000, after_memory_mib=2000, calm_sanitizer=True), 10, 25), [])

    def test_rows_may_be_more_in_a_longer_run(self):
        self.assertEqual(exceeded(figures(audit_timeout=100), 600, 25), [])


if __name__ == "__main__":
    unittest.main()
