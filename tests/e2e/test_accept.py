"""hilum accept on drawn radiographs, with the demonstration model and with one of independent findings made of it."""

import csv
import json
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import unittest

import numpy
import pydicom
from scipy import stats

from hilum_harness import BINARIES, MODEL, SOURCE, configuration
from hilum_program import answer, hilum

LABELS = ("Normal", "Pneumonia", "Requires further evaluation")
CHEST = SOURCE.parent / "shared" / "chest"


def independent_package(folder):
    """The demonstration model with each label decided by a threshold of its own."""
    shutil.copytree(MODEL, folder)
    text = (MODEL / "model.yaml").read_text(encoding="utf-8")
    text = text.replace("activation: softmax", "activation: sigmoid").replace("name: hilum-demonstration", "name: triage")
    text = text.replace("  indeterminate_margin: 0.1\n", "")
    (folder / "model.yaml").write_text(text, encoding="utf-8")
    (folder / "metrics.json").unlink()
    return folder


def altered(folder, phantoms, alter):
    """Copies of the phantoms' files with `alter` done to each one's header; and the table of their labels."""
    folder.mkdir()
    with open(folder / "labels.csv", "w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(["file", "label", "patient"])
        for index, phantom in enumerate(phantoms):
            name = f"{index}.dcm"
            dataset = pydicom.dcmread(phantom["file"])
            alter(dataset)
            dataset.save_as(folder / name)
            rows.writerow([name, phantom["finding"], f"p{index}"])
    return ("--images", folder, "--labels", folder / "labels.csv", "--bootstrap", 0)


def write_labels(file, phantoms, wrong, seed=1):
    """Two images a patient; a share of the labels is wrong, so that no figure is 1."""
    chance = random.Random(seed)
    with open(file, "w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(["file", "label", "patient"])
        for index, phantom in enumerate(phantoms):
            label = chance.choice(LABELS) if chance.random() < wrong else phantom["finding"]
            rows.writerow([phantom["file"], label, f"p{index // 2}"])
    return file


class Accept(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="hilum-accept-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.archive = cls.folder / "archive"
        cls.phantoms = answer("phantom", "--out", cls.archive, "--count", 120, "--size", 256)["files"]
        cls.labels = write_labels(cls.folder / "labels.csv", cls.phantoms, 0.2)
        cls.independent = independent_package(cls.folder / "triage")
        (cls.archive / "no-image.dcm").write_bytes(b"this is no image")
        (cls.archive / "nobody-labelled-me.dcm").write_bytes(pathlib.Path(cls.phantoms[0]["file"]).read_bytes())
        with open(cls.labels, "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["no-image.dcm", "Normal", "x1"], ["gone.dcm", "Normal", "x2"]])
        cls.output = cls.folder / "acceptance"
        cls.told = answer("accept", MODEL, "--output", cls.output, "--images", cls.archive, "--labels", cls.labels,
                          "--require", "sensitivity>=0.5", "Pneumonia:specificity>=0.6", "analysed>=0.9",
                          "--prevalence", 0.06, "--per-week", 150, "--bootstrap", 200)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_the_way_of_every_image_is_told(self):
        images = self.told["images"]
        self.assertEqual(images["found"], 122)
        self.assertEqual(images["judged"], 120)
        self.assertEqual(images["left_out"], {"no_label": 1, "undecodable": 1})
        self.assertEqual(images["lines_without_file"], 1)
        self.assertEqual(len(images["digest"]), 64)
        with open(self.output / "excluded.csv", newline="", encoding="utf-8") as file:
            self.assertEqual({row["reason"] for row in csv.DictReader(file)}, {"no_label", "undecodable", "no_file"})

    def test_the_requirements_are_judged_and_the_page_says_so(self):
        self.assertEqual([one["judgement"] for one in self.told["criteria"]], ["met"] * 4)
        self.assertEqual(self.told["verdict"], "accept_with_conditions")
        self.assertTrue(any("not cleared for clinical use" in words for words in self.told["conditions"]))
        page = (self.output / "acceptance.html").read_text(encoding="utf-8")
        for words in ("Accept with conditions", "Signature", self.told["model"]["sha256"], self.told["images"]["digest"]):
            self.assertIn(words, page)
        self.assertNotIn("<script", page)
        self.assertEqual(json.loads((self.output / "acceptance.json").read_text(encoding="utf-8")), self.told)

    def test_the_workload_follows_from_the_predictions(self):
        with open(self.output / "predictions.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        work = next(one for one in self.told["workload_per_1000"] if one["label"] == "Pneumonia")
        truth = numpy.array([row["truth:Pneumonia"] == "1" for row in rows])
        positive = numpy.array([row["positive:Pneumonia"] == "1" for row in rows])
        sensitivity, alarmed = positive[truth].mean(), positive[~truth].mean()
        self.assertAlmostEqual(work["alarms"]["value"], 60 * sensitivity + 940 * alarmed, delta=1e-6)
        self.assertAlmostEqual(work["misses"]["value"], 60 * (1 - sensitivity), delta=1e-6)

    def test_the_drop_from_the_makers_figures_is_fishers(self):
        drop = next(one for one in self.told["maker"]["drops"]
                    if one["label"] == "Pneumonia" and one["figure"] == "sensitivity")
        counts = next(one for one in self.told["figures"]["labels"] if one["label"] == "Pneumonia")["counts"]
        of_maker = json.loads((MODEL / "metrics.json").read_text(encoding="utf-8"))["held_out"]["confusion"][1]
        found = of_maker[1]
        table = [[found, sum(of_maker) - found], [counts["true_positive"], counts["false_negative"]]]
        self.assertAlmostEqual(drop["p"], stats.fisher_exact(table)[1], delta=1e-9)
        self.assertAlmostEqual(drop["maker"], found / sum(of_maker), delta=1e-9)

    def test_how_many_images_it_takes_is_scipys(self):
        def power(cases, expected, drop):
            most = stats.binom.ppf(0.025, cases, expected)
            while most >= 0 and stats.binom.cdf(most, cases, expected) > 0.025:
                most -= 1
            return stats.binom.cdf(most, cases, expected - drop)
        rows = [row for row in self.told["power"] if row["figure"] != "AUC"]
        self.assertTrue(rows)
        for row in rows:
            watched = row["watched"]
            for expected, of in ((row["expected"], row["needed"]), (watched["from"], watched["needed"])):
                needed = of["positive"] + of["negative"]
                self.assertGreaterEqual(power(needed, expected, row["drop"]), row["power"])
                self.assertLess(power(needed - 1, expected, row["drop"]), row["power"])
            share = 0.06 if row["figure"] == "sensitivity" else 0.94
            self.assertAlmostEqual(watched["weeks"], needed / share / 150, delta=1e-6)

    def test_the_same_images_have_the_same_identity_and_other_labels_another(self):
        dataset = self.folder / "dataset"
        answer("dataset", "create", "--output", dataset, "--images", self.archive, "--labels", self.labels, "--split", "none")
        again = answer("accept", MODEL, "--output", self.folder / "again", "--dataset", dataset, "--bootstrap", 0)
        self.assertEqual(again["images"]["digest"], self.told["images"]["digest"])
        self.assertEqual(again["verdict"], "no_criteria")
        others = write_labels(self.folder / "others.csv", self.phantoms, 0.5, seed=2)
        other = answer("accept", MODEL, "--output", self.folder / "other", "--images", self.archive, "--labels", others,
                       "--require", "sensitivity>=0.95", "--bootstrap", 0)
        self.assertNotEqual(other["images"]["digest"], self.told["images"]["digest"])
        self.assertEqual(other["verdict"], "do_not_accept")

    def test_images_that_the_model_may_have_learned_from_are_told(self):
        dataset = self.folder / "split"
        answer("dataset", "create", "--output", dataset, "--images", self.archive, "--labels", self.labels, "--split", "none")
        with open(dataset / "manifest.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))

        def write(rows):
            with open(dataset / "manifest.csv", "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0].keys())
                writer.writeheader()
                writer.writerows(rows)

        learned = sorted({row["patient"] for row in rows})[:35]
        write([{**row, "split": "training" if row["patient"] in learned else "test"} for row in rows])
        told = answer("accept", MODEL, "--output", self.folder / "of-split", "--dataset", dataset, "--bootstrap", 0)
        self.assertEqual(told["images"]["of_training_splits"], 70)
        self.assertTrue(any("learned from them" in words for words in told["conditions"]))
        told = answer("accept", MODEL, "--output", self.folder / "of-test", "--dataset", dataset, "--split", "test",
                      "--bootstrap", 0)
        self.assertEqual((told["images"]["of_training_splits"], told["images"]["judged"]), (0, 50))
        # Somebody of whom it may have learned, and an image that is there twice.
        parted = [{**row, "split": "training" if index % 2 else "test"} for index, row in enumerate(
            sorted(rows, key=lambda row: row["patient"]))]
        write(parted)
        self.assertIn("a patient has images in two splits", " ".join(self.refused(
            MODEL, "--output", self.folder / "parted", "--dataset", dataset, "--split", "test").split()))
        write([*rows, {**rows[0], "file": "again.dcm"}])
        told = answer("accept", MODEL, "--output", self.folder / "doubled", "--dataset", dataset, "--bootstrap", 0)
        self.assertEqual((told["images"]["judged"], told["images"]["left_out"]), (len(rows), {"duplicate": 1}))

    def test_having_no_finding_is_a_label_of_models_whose_labels_stand_alone(self):
        few, labels = self.folder / "few", self.folder / "few.csv"
        with open(labels, "w", newline="", encoding="utf-8") as file:
            rows = [[one["file"], one["finding"].replace("Normal", "no finding")] for one in self.phantoms[:9]]
            csv.writer(file).writerows([["file", "label"], *rows])
        answer("dataset", "create", "--output", few, "--images", self.archive, "--labels", labels, "--split", "none")
        judge = ("evaluate", few, "--split", "all", "--bootstrap", 0, "--package")
        answer(*judge, self.independent, "--output", self.folder / "none-found")
        with open(self.folder / "none-found" / "predictions.csv", newline="", encoding="utf-8") as file:
            truths = [sum(int(row[f"truth:{label}"]) for label in LABELS) for row in csv.DictReader(file)]
        self.assertEqual(sorted(truths), [0] * 3 + [1] * 6)
        self.assertIn("'no finding' is none of the model's", hilum(*judge, MODEL, "--output", self.folder / "not").stderr)

    def test_thresholds_for_here_are_taken_by_the_daemon(self):
        output = self.folder / "with-thresholds"
        told = answer("accept", self.independent, "--output", output, "--images", self.archive, "--labels", self.labels,
                      "--specificity", 0.8, "--bootstrap", 0)
        chosen = {one["label"]: one["threshold"] for one in told["thresholds"] if one.get("proof") in ("reached", "in_keeping")}
        self.assertIn("Pneumonia", chosen)
        written = (output / "thresholds.yaml").read_text(encoding="utf-8")
        self.assertIn(f'package: "{self.independent}"', written)
        self.assertEqual({label: float(number) for label, number in re.findall(r'^ +"(.*)": ([0-9.e-]+)$', written, re.M)}, chosen)
        settings = json.loads(configuration(self.folder / "data"))
        del settings["models"]
        others = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
        file = self.folder / "hilum.yaml"
        file.write_text(written + others, encoding="utf-8")
        check = subprocess.run([BINARIES / "hilumd", "--config", file, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        file.write_text(written.replace('"Pneumonia":', '"Phthisis":') + others, encoding="utf-8")
        check = subprocess.run([BINARIES / "hilumd", "--config", file, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual((check.returncode, "Phthisis" in check.stderr), (1, True), check.stderr)

    def write_configuration(self, name, **sections):
        file = self.folder / name
        file.write_text(json.dumps(sections), encoding="utf-8")  # JSON is YAML
        return file

    def accuracy(self, name, *arguments):
        return answer("accept", MODEL, "--output", self.folder / name, *arguments)["figures"]["accuracy"]["value"]

    def test_the_model_is_judged_as_the_node_that_is_named(self):
        def lie(dataset):
            shown = dataset.PhotometricInterpretation
            dataset.PhotometricInterpretation = "MONOCHROME2" if shown == "MONOCHROME1" else "MONOCHROME1"
        images = altered(self.folder / "lying", self.phantoms[:24], lie)
        site = self.write_configuration("polarity.yaml", site={
            "polarity": [{"manufacturer": "Made-Up Imaging", "follow": "presentation_lut_shape"}]})
        self.assertLess(self.accuracy("by-defaults", *images), 0.6)
        self.assertGreater(self.accuracy("by-the-site", *images, "--config", site), 0.9)
        self.assertGreater(self.accuracy("of-any-use", *images, "--config", site, "--any-use"), 0.9)
        told = json.loads((self.folder / "by-the-site" / "acceptance.json").read_text(encoding="utf-8"))
        self.assertEqual(told["node"], {"configuration": str(site), "thresholds": {}})
        self.assertIn(str(site), (self.folder / "by-the-site" / "acceptance.html").read_text(encoding="utf-8"))
        by_default = json.loads((self.folder / "by-defaults" / "acceptance.json").read_text(encoding="utf-8"))
        self.assertNotIn("node", by_default)
        self.assertNotEqual(told["model"]["configuration_sha256"], by_default["model"]["configuration_sha256"])

    def test_the_words_of_the_node_that_is_named_are_understood(self):
        def speak(dataset):
            dataset.BodyPartExamined = "TORAKS"
        images = altered(self.folder / "spoken", self.phantoms[:12], speak)
        site = self.write_configuration("words.yaml", site={"body_part_aliases": {"CHEST": ["TORAKS"]}})
        self.assertIn("gave a result for none of its 12 images", self.refused(MODEL, "--output", self.folder / "new", *images))
        told = answer("accept", MODEL, "--output", self.folder / "understood", *images, "--config", site)
        self.assertEqual(told["images"]["judged"], 12)

    def test_thresholds_that_the_site_took_are_judged(self):
        site = self.write_configuration("thresholds.yaml", models=[
            {"package": "somewhere/else"}, {"package": str(self.independent), "thresholds": {"Pneumonia": 0.0}}])
        dataset = self.folder / "taken"
        answer("dataset", "create", "--output", dataset, "--images", self.archive, "--labels", self.labels, "--split", "none")
        told = answer("evaluate", dataset, "--package", self.independent, "--split", "all", "--bootstrap", 0, "--config", site,
                      "--output", self.folder / "evaluated")
        self.assertEqual(told["node"]["thresholds"], {"Pneumonia": 0.0})
        pneumonia = next(one for one in told["labels"] if one["label"] == "Pneumonia")
        self.assertEqual((pneumonia["threshold"], pneumonia["sensitivity"]["value"]), (0.0, 1.0))
        self.assertEqual(pneumonia["counts"]["true_negative"], 0)

    def test_images_that_cannot_be_read_count_wherever_that_is_seen(self):
        images = altered(self.folder / "cut", self.phantoms[:36], lambda dataset: None)
        for index in range(12):
            file = self.folder / "cut" / f"{index}.dcm"
            file.write_bytes(file.read_bytes()[:4000])
        told = answer("accept", MODEL, "--output", self.folder / "with-cut", *images, "--require", "analysed>=0.9")
        counts = told["images"]
        self.assertEqual((counts["labelled"], counts["judged"], counts["unreadable"]), (36, 24, 12))
        self.assertIn("12 of 36 images could not be read", " ".join(told["conditions"]))
        self.assertEqual(told["criteria"][0]["cases"], 36)
        ran = hilum("accept", MODEL, "--output", self.folder / "with-cut-again", *images)
        self.assertIn("24 judged", " ".join(ran.stdout.split()))
        self.assertIn("12 could not be read", " ".join(ran.stdout.split()))

    def test_a_calibration_moves_thresholds_and_leaves_decisions(self):
        dataset, package = self.folder / "to-calibrate", self.folder / "moved"
        answer("dataset", "create", "--output", dataset, "--images", self.archive, "--labels", self.labels, "--split", "none")
        shutil.copy(MODEL / "metrics.json", self.independent)
        self.addCleanup((self.independent / "metrics.json").unlink)
        told = answer("calibrate", dataset, "--split", "all", "--package", self.independent, "--method", "platt",
                      "--new-version", "2.0", "--output", package)
        self.assertEqual([one["decisions_changed"] for one in told["labels"]], [0, 0, 0])
        self.assertIn("moved with its probabilities", told["changes"][0])
        self.assertFalse((package / "metrics.json").exists())
        self.assertIn("metrics.json is left out", " ".join(told["changes"]))
        decided = []
        for name, judged in (("before", self.independent), ("after", package)):
            output = self.folder / f"decided-{name}"
            answer("evaluate", dataset, "--split", "all", "--package", judged, "--bootstrap", 0, "--output", output)
            with open(output / "predictions.csv", newline="", encoding="utf-8") as file:
                decided.append([[row[f"positive:{label}"] for label in LABELS] for row in csv.DictReader(file)])
        self.assertEqual(*decided)

    def refused(self, *arguments, code=1):
        before = sorted(self.folder.iterdir())
        run = hilum("accept", *arguments)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        self.assertEqual(sorted(self.folder.iterdir()), before)
        return run.stderr

    def test_bad_input_is_refused_in_words_and_leaves_nothing(self):
        new, images = self.folder / "new", ("--images", self.archive, "--labels", self.labels)
        self.assertIn("there already", self.refused(MODEL, "--output", self.output, *images))
        self.assertIn("give --images and --labels", self.refused(MODEL, "--output", new, "--images", self.archive, code=2))
        self.assertIn("it has neither >= nor <=", self.refused(MODEL, "--output", new, *images, "--require", "good", code=2))
        self.assertIn("no finding 'Mass'", self.refused(MODEL, "--output", new, *images, "--require", "Mass:auc>=0.7", code=2))
        self.assertIn("exclude each other", self.refused(MODEL, "--output", new, *images, "--sensitivity", "0.9", code=2))
        self.assertIn("is no JSON", self.refused(MODEL, "--output", new, *images, "--maker", self.labels))

    def test_images_that_nothing_can_be_said_of_are_refused(self):
        new = self.folder / "new"
        strange = self.folder / "strange.csv"
        with open(strange, "w", encoding="utf-8") as file:
            file.write(f"file,label,patient\n{self.phantoms[0]['file']},Mass,p1\n")
        archive = ("--images", self.archive)
        self.assertIn("'Mass' is none of the model's", self.refused(MODEL, "--output", new, *archive, "--labels", strange))
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertIn("none of 0 files can be judged",
                      self.refused(MODEL, "--output", new, "--images", empty, "--labels", strange))
        healthy = self.folder / "healthy.csv"
        with open(healthy, "w", encoding="utf-8") as file:
            file.write("file,label,patient\n")
            file.writelines(f"{one['file']},Normal,p{index}\n" for index, one in enumerate(self.phantoms[:6]))
        self.assertIn("none has a finding", self.refused(MODEL, "--output", new, *archive, "--labels", healthy))
        twice = self.folder / "twice"
        twice.mkdir()
        for name in ("a.dcm", "b.dcm"):
            shutil.copy(self.phantoms[1]["file"], twice / name)
        (self.folder / "twice.csv").write_text("file,label,patient\na.dcm,Normal,p\nb.dcm,Pneumonia,p\n", encoding="utf-8")
        self.assertIn("mend the table of labels",
                      self.refused(MODEL, "--output", new, "--images", twice, "--labels", self.folder / "twice.csv"))

    @unittest.skipUnless(CHEST.is_dir(), "no real radiographs with labels beside the checkout (shared/chest)")
    def test_the_demonstration_model_is_not_accepted_for_real_radiographs(self):
        with open(CHEST / "labels.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        some = [row for label in ("Normal", "Pneumonia") for row in [r for r in rows if r["label"] == label][:60]]
        labels = self.folder / "chest.csv"
        with open(labels, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows({**row, "file": CHEST / row["file"]} for row in some)
        told = answer("accept", MODEL, "--output", self.folder / "chest", "--images", CHEST, "--labels", labels,
                      "--require", "Pneumonia:auc>=0.9", "--bootstrap", 200)
        self.assertEqual((told["images"]["judged"], told["images"]["intended_use_not_checked"]), (120, 120))
        self.assertEqual(told["verdict"], "do_not_accept")
        self.assertTrue(any("Worse than its maker says" in words for words in told["conditions"]))


if __name__ == "__main__":
    unittest.main()
