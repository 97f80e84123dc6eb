"""The model packages that come with Hilum: whole, honest about what they are, and as good as their cards say."""

import csv
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from hilum_harness import BINARIES
from hilum_program import hilum

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = sorted((ROOT / "config" / "models").iterdir())
CHEST = ROOT.parent / "shared" / "chest"
LARGEST = 8 << 20  # bytes


class ShippedModelsTest(unittest.TestCase):
    def test_each_is_what_its_golden_cases_say(self):
        self.assertEqual([folder.name for folder in MODELS], ["chest-nih", "demo"])
        for folder in MODELS:
            verified = hilum("model", "verify", folder)
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
            self.assertNotIn("warning", verified.stderr, folder)
            self.assertTrue((folder / "golden.yaml").exists(), folder)

    def test_letters_that_pictures_may_not_show_are_told(self):
        with tempfile.TemporaryDirectory(prefix="hilum-models-") as name:
            folder = pathlib.Path(name) / "demo"
            shutil.copytree(ROOT / "config" / "models" / "demo", folder)
            description = (folder / "model.yaml").read_text(encoding="utf-8")
            (folder / "model.yaml").write_text(re.sub(r"notice: .*", "notice: 臨床使用不可", description),
                                               encoding="utf-8")
            verified = hilum("model", "verify", folder)
            self.assertEqual(verified.returncode, 0, verified.stderr)
            self.assertIn("warning: notice: '臨' is beyond Latin, Greek and Cyrillic", verified.stderr)
            warnings = json.loads(hilum("--json", "model", "verify", folder).stdout)["warnings"]
            self.assertEqual([warning.split(":")[0] for warning in warnings], ["notice"])

    def test_none_is_for_clinical_use_or_large(self):
        for folder in MODELS:
            description = (folder / "model.yaml").read_text(encoding="utf-8")
            self.assertNotRegex(description, r"cleared:\s*true")
            self.assertRegex(description, "notice: .*not for clinical use")
            self.assertLess(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()), LARGEST)

    def test_the_card_of_the_second_says_first_how_it_does_elsewhere(self):
        if not CHEST.is_dir():
            self.skipTest(f"no radiographs at {CHEST}")
        card = (ROOT / "config" / "models" / "chest-nih" / "MODEL_CARD.md").read_text(encoding="utf-8")
        self.assertLess(card.index("## Read this first"), card.index("## Intended use"))
        told = re.search(r"\| actualmed \| 44, 39 \| ([\d.]+) \(", card)[1]
        with tempfile.TemporaryDirectory(prefix="hilum-models-") as name:
            folder = pathlib.Path(name)
            with open(CHEST / "labels.csv", encoding="utf-8") as file:
                rows = [row for row in csv.reader(file) if row[0] == "file" or row[0].startswith("actualmed/")]
            with open(folder / "labels.csv", "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
            made = hilum("dataset", "create", "--output", folder / "set", "--images", CHEST / "actualmed", "--labels",
                         folder / "labels.csv", "--split", "none")
            self.assertEqual(made.returncode, 0, made.stderr)
            judged = hilum("evaluate", folder / "set", "--package", ROOT / "config" / "models" / "chest-nih", "--output",
                           folder / "report", "--split", "all", "--any-use", "--bootstrap", 0)
            self.assertEqual(judged.returncode, 0, judged.stderr)
            figures = json.loads((folder / "report" / "figures.json").read_text(encoding="utf-8"))
        area = next(one["area"]["value"] for one in figures["labels"] if one["label"] == "Pneumonia")
        self.assertAlmostEqual(area, float(told), delta=0.0051)
