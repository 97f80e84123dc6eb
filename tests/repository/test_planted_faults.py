"""Each fault of tests/simulation/mutations.json has its place: one that lost it would never be found, and nobody would miss it."""

import json
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class PlantedFaultsTest(unittest.TestCase):
    def test_each_has_its_place(self):
        faults = json.loads((ROOT / "tests" / "simulation" / "mutations.json").read_text(encoding="utf-8"))
        self.assertGreater(len(faults), 30)
        lost = [fault["name"] for fault in faults
                if (ROOT / fault["file"]).read_text(encoding="utf-8").count(fault["old"]) != 1]
        self.assertEqual(lost, [])


if __name__ == "__main__":
    unittest.main()
