"""hilum evaluate and hilum calibrate on drawn radiographs; their figures against scikit-learn's and scipy's."""

import csv
import json
import pathlib
import random
import subprocess
import tempfile
import unittest

import numpy
from scipy import stats
from sklearn import metrics

from hilum_harness import BINARIES, MODEL
from hilum_program import answer, hilum

LABELS = ("Normal", "Pneumonia", "Requires further evaluation")
EXACT = 1e-9


def write_manifest(folder, phantoms, wrong, split="test", first_patient=0):
    """Two images a patient; a share of the labels is wrong, so that no figure is 1."""
    folder.mkdir()
    chance = random.Random(1)
    with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow("file,patient,site,split,labels,view,sex,age,manufacturer,pixels".split(","))
        for index, phantom in enumerate(phantoms):
            label = chance.choice(LABELS) if chance.random() < wrong else phantom["finding"]
            rows.writerow([phantom["file"], f"p{first_patient + index // 2}", "here", split, label,
                           "PA" if index % 3 else "AP", "MF"[index % 2], 20 + index % 60, "Maker", f"{index:064x}"])
    return folder


class Evaluate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="hilum-evaluate-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.phantoms = phantoms = answer("phantom", "--out", cls.folder / "images", "--count", 120, "--size", 256)["files"]
        cls.inside = write_manifest(cls.folder / "inside", phantoms[:84], 0.25)
        cls.outside = write_manifest(cls.folder / "outside", phantoms[84:], 0.6, first_patient=900)
        cls.output = cls.folder / "report"
        cls.figures = answer("evaluate", cls.inside, "--package", MODEL, "--external", cls.outside, "--prevalence", 0.1,
                             "--bootstrap", 200, "--output", cls.output)
        with open(cls.output / "predictions.csv", newline="", encoding="utf-8") as file:
            cls.predictions = list(csv.DictReader(file))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def column(self, what, label, kind):
        return numpy.array([kind(row[f"{what}:{label}"]) for row in self.predictions])

    def test_areas_scores_and_counts_are_scikit_learns(self):
        self.assertEqual(len(self.predictions), 84)
        for label, figures in zip(LABELS, self.figures["labels"]):
            truth, probability = self.column("truth", label, int), self.column("probability", label, float)
            positive = self.column("positive", label, int)
            self.assertAlmostEqual(figures["area"]["value"], metrics.roc_auc_score(truth, probability), delta=EXACT)
            self.assertAlmostEqual(figures["brier"], metrics.brier_score_loss(truth, probability), delta=EXACT)
            tn, fp, fn, tp = (int(count) for count in metrics.confusion_matrix(truth, positive).ravel())
            self.assertEqual(figures["counts"], {"true_negative": tn, "false_positive": fp, "false_negative": fn,
                                                 "true_positive": tp})
            self.assertAlmostEqual(figures["sensitivity"]["value"], tp / (tp + fn), delta=EXACT)
            low, high = stats.binomtest(tp, tp + fn).proportion_ci(method="wilson")
            self.assertAlmostEqual(figures["sensitivity"]["interval"][0], low, delta=EXACT)
            self.assertAlmostEqual(figures["sensitivity"]["interval"][1], high, delta=EXACT)
            false_alarms, found, _ = metrics.roc_curve(truth, probability, drop_intermediate=False)
            self.assertEqual([(round(1 - p["specificity"], 12), round(p["sensitivity"], 12)) for p in figures["roc"]],
                             [(round(x, 12), round(y, 12)) for x, y in zip(false_alarms, found)])

    def test_the_confusion_matrix_is_that_of_the_diagnoses(self):
        truth = [next(label for label in LABELS if row[f"truth:{label}"] == "1") for row in self.predictions]
        said = [row["diagnosis"] for row in self.predictions]
        answers = self.figures["confusion"]["answers"]
        expected = metrics.confusion_matrix(truth, said, labels=answers)[:len(LABELS)]
        self.assertEqual(self.figures["confusion"]["rows"], expected.tolist())

    def test_the_drop_elsewhere_is_said(self):
        drop = self.figures["external"]["drop"][0]
        self.assertGreater(drop["area"]["difference"]["value"], 0)
        self.assertIn("outside", drop["words"])
        page = (self.output / "report.html").read_text(encoding="utf-8")
        self.assertIn(drop["words"].replace("'", "&#39;"), page)
        self.assertNotIn("<script", page)

    def test_probabilities_are_those_of_predict(self):
        row = self.predictions[5]
        said = answer("predict", row["file"], "--package", MODEL)
        for label in LABELS:
            self.assertAlmostEqual(said["all_probabilities"][label], float(row[f"probability:{label}"]), delta=EXACT)

    def test_what_is_there_is_not_overwritten_and_nothing_half_made_stays(self):
        before = sorted(self.folder.iterdir())
        run = hilum("evaluate", self.inside, "--package", MODEL, "--output", self.output)
        self.assertEqual(run.returncode, 1)
        self.assertIn("there already", run.stderr)
        strange = write_manifest(self.folder / "strange", [{"file": "/nonexistent.dcm", "finding": "Cardiomegaly"}], 0)
        run = hilum("evaluate", strange, "--package", MODEL, "--output", self.folder / "new")
        self.assertEqual(run.returncode, 1)
        self.assertIn("'Cardiomegaly' is none of the model's", run.stderr)
        self.assertEqual(sorted(self.folder.iterdir()), sorted([*before, strange]))

    def test_a_calibrated_package_serves_and_says_when_it_does_not_know(self):
        package = self.folder / "calibrated"
        told = answer("calibrate", self.inside, "--package", MODEL, "--split", "test", "--method", "platt", "--coverage", 0.8,
                      "--new-version", "1.1.0", "--output", package)
        self.assertEqual(told["fitted_on"] + told["measured_on"], 84)
        self.assertTrue(answer("model", "verify", package)["valid"])
        figures = answer("evaluate", self.inside, "--package", package, "--bootstrap", 0, "--output", self.folder / "again")
        self.assertEqual(figures["model"]["version"], "1.1.0")
        self.assertIn("indeterminate", figures["confusion"]["answers"])
        # Once more without a coverage: bounds of the probabilities before would hold of none of now.
        again = self.folder / "calibrated-again"
        told = answer("calibrate", self.inside, "--package", package, "--split", "test", "--method", "temperature",
                      "--new-version", "1.2.0", "--output", again)
        self.assertIn("prediction sets are left out", " ".join(told["changes"]))
        self.assertNotIn("prediction_sets", (again / "model.yaml").read_text(encoding="utf-8"))
        self.assertTrue((MODEL / "metrics.json").exists())
        self.assertFalse((package / "metrics.json").exists())

    def test_a_label_that_no_image_elsewhere_shows_costs_its_own_comparison(self):
        rows = [phantom for phantom in self.phantoms[84:] if phantom["finding"] != LABELS[2]]
        rare = write_manifest(self.folder / "rare", rows, 0, first_patient=900)
        told = answer("evaluate", self.inside, "--package", MODEL, "--external", rare, "--bootstrap", 0,
                      "--output", self.folder / "of-rare")
        drops = {one["label"]: one for one in told["external"]["drop"]}
        self.assertIn("area", drops["Pneumonia"])
        self.assertNotIn("area", drops[LABELS[2]])
        self.assertIn("rare has 0 images with it", drops[LABELS[2]]["why_not"])


if __name__ == "__main__":
    unittest.main()
