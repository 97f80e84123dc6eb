"""hilum-train on drawn radiographs: from a dataset to a package; killed and gone on with; bad input in words."""

import csv
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import pydicom

from hilum_harness import BINARIES, radiographs

BUILD = pathlib.Path(os.environ["HILUM_BUILD"])
LABELS = ("Normal", "Pneumonia", "Requires further evaluation")
SIDE = 64
RECORD_HEAD = 192  # bytes before each tensor in tensors-*.bin
RECIPE = """
package:
  name: phantoms
  version: 1.2.3
  input: {{rows: {side}, columns: {side}, mean: 0.5, std: 0.25}}
  output:
    activation: softmax
    labels:
      - {{name: Normal, abnormal: false}}
      - {{name: Pneumonia, abnormal: true}}
      - {{name: Requires further evaluation, abnormal: true}}
network: {{architecture: densenet-small, dense_width: 8, dropout: 0.2}}
training: {{epochs: 3, batch_size: 8, weight_average: 0.9, freeze_epochs: 1}}
{more}
"""


def program(name, *arguments, **options):
    return subprocess.run([BINARIES / name, *map(str, arguments)], capture_output=True, text=True, check=False, **options)


def answer(name, *arguments):
    run = program(name, *arguments, "--json")
    if run.returncode != 0:
        raise AssertionError(f"{arguments}: {run.stdout}{run.stderr}")
    return json.loads(run.stdout)


def weights_of(package):
    return hashlib.sha256((package / "model.pt").read_bytes()).hexdigest()


def tensors_in(run, side=SIDE):
    """In the order in which they were decoded."""
    file, = run.glob("tensors-*.bin")
    size = RECORD_HEAD + 4 * side * side
    data = file.read_bytes()
    assert len(data) % size == 0
    return [data[i + RECORD_HEAD:i + size] for i in range(0, len(data), size)]


def rewrite(manifest, change):
    """Writes the rows that `change` made of each row."""
    with open(manifest, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(manifest, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for index, row in enumerate(rows):
            change(index, row)
            writer.writerow(row)


class TrainingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="hilum-train-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)
        images = cls.folder / "images"
        answer("hilum", "phantom", "--out", images, "--count", 48, "--size", 128, "--tables")
        cls.dataset = cls.folder / "set"
        answer("hilum", "dataset", "create", "--output", cls.dataset, "--images", images, "--labels", images / "labels.csv",
               "--split", "70:20:0:10")
        cls.recipe = cls.write_recipe("recipe.yaml")
        cls.package = cls.folder / "package"
        cls.outcome = cls.train(cls.package)

    @classmethod
    def write_recipe(cls, name, more="", side=SIDE):
        file = cls.folder / name
        file.write_text(RECIPE.format(side=side, more=more), encoding="utf-8")
        return file

    @classmethod
    def arguments(cls, package, *more, dataset=None, recipe=None):
        return [str(argument) for argument in (
            BINARIES / "hilum-train", "--dataset", dataset or cls.dataset, "--recipe", recipe or cls.recipe, "--output",
            package, "--threads", 1, *more)]

    @classmethod
    def train(cls, package, *more, **named):
        run = subprocess.run([*cls.arguments(package, *more, **named), "--json"], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise AssertionError(run.stdout + run.stderr)
        return json.loads(run.stdout)

    def refused(self, package, *more, **named):
        run = subprocess.run([*self.arguments(package, *more, **named), "--json"], capture_output=True, text=True,
                             check=False)
        self.assertNotEqual(run.returncode, 0, run.stdout)
        self.assertFalse(package.exists())
        return json.loads(run.stdout)["error"]

    def scratch(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def copy_of_dataset(self):
        copy = self.scratch() / "set"
        shutil.copytree(self.dataset, copy)
        return copy

    def test_the_package_verifies_and_predicts(self):
        self.assertEqual(self.outcome["epochs"], 3)
        self.assertEqual(self.outcome["unreadable"], 0)
        verified = answer("hilum", "model", "verify", self.package)
        self.assertEqual([verified["name"], verified["version"]], ["phantoms", "1.2.3"])
        predicted = answer("hilum", "predict", "--package", self.package, self.folder / "images" / "phantom-1.dcm")
        self.assertIn("Pneumonia", json.dumps(predicted))

    def test_the_history_has_a_line_for_each_epoch(self):
        with open(f"{self.package}.run/history.csv", newline="", encoding="utf-8") as file:
            epochs = list(csv.DictReader(file))
        self.assertEqual([row["epoch"] for row in epochs], ["1", "2", "3"])
        best, = (row for row in epochs if int(row["epoch"]) == self.outcome["best_epoch"])
        self.assertAlmostEqual(float(best["auc"]), self.outcome["auc"])

    def test_the_same_seed_gives_the_same_weights_whatever_the_number_of_data_workers(self):
        again = self.scratch() / "again"
        self.train(again, "--data-workers", 5)
        self.assertEqual(weights_of(again), weights_of(self.package))
        other = self.scratch() / "other"
        self.train(other, "--seed", 2)
        self.assertNotEqual(weights_of(other), weights_of(self.package))

    def kill_after_checkpoints(self, package, count, *more, **named):
        """Starts a training that writes a checkpoint after each step, and kills it after so many of them."""
        with subprocess.Popen(self.arguments(package, "--checkpoint-minutes", 0, *more, **named),
                              stdout=subprocess.DEVNULL) as run:
            checkpoint, seen, last = pathlib.Path(f"{package}.run") / "checkpoint.bin", 0, None
            deadline = time.monotonic() + 60
            while seen < count and run.poll() is None:
                self.assertLess(time.monotonic(), deadline)
                now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
                seen, last = seen + (now != last), now
                time.sleep(0.001)
            killed = run.poll() is None
            run.send_signal(signal.SIGKILL)
        return killed

    def test_killed_anywhere_and_resumed_it_makes_the_same_weights(self):
        for count in (1, 3, 6, 9):
            package = self.scratch() / "killed"
            self.assertTrue(self.kill_after_checkpoints(package, count))
            # Once more, while it goes on.
            self.kill_after_checkpoints(package, 2, "--resume")
            if not package.exists():
                self.train(package, "--resume")
            self.assertEqual(weights_of(package), weights_of(self.package), count)
            self.assertEqual((package.parent / "killed.run" / "history.csv").read_bytes(),
                             (self.folder / "package.run" / "history.csv").read_bytes())

    def test_it_goes_on_with_the_images_that_it_began_with(self):
        dataset, names, files = self.copy_of_dataset(), ("late.dcm", "gone.dcm"), []
        def move(index, row):
            if index < len(names):
                files.append(dataset / row["file"])
                row["file"], row["split"] = names[index], "training"
        rewrite(dataset / "manifest.csv", move)
        shutil.copyfile(files[1], dataset / "gone.dcm")
        some = ("--most-unreadable", 0.1)
        undisturbed, package = self.scratch() / "undisturbed", self.scratch() / "killed"
        self.train(undisturbed, *some, dataset=dataset)
        self.assertTrue(self.kill_after_checkpoints(package, 3, *some, dataset=dataset))
        shutil.copyfile(files[0], dataset / "late.dcm")
        (dataset / "gone.dcm").unlink()
        message = self.refused(package, "--resume", *some, dataset=dataset)["message"]
        self.assertIn("1 cannot be read now that it did not leave out, the first: gone.dcm", message)
        shutil.copyfile(files[1], dataset / "gone.dcm")
        run = subprocess.run(self.arguments(package, "--resume", *some, dataset=dataset), capture_output=True, text=True,
                             check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("1 of these could not be read when the training began, and can be now", run.stdout)
        self.assertEqual(weights_of(package), weights_of(undisturbed))
        self.assertIn("late.dcm", pathlib.Path(f"{package}.run/unreadable.csv").read_text(encoding="utf-8"))

    def test_a_disk_that_fills_while_the_package_is_written_leaves_nothing_of_it(self):
        package = self.scratch() / "package"
        shutil.copytree(self.folder / "package.run", f"{package}.run")  # trained to its end
        largest = (self.package / "model.pt").stat().st_size // 2
        run = subprocess.run([*self.arguments(package, "--resume"), "--json"], capture_output=True, text=True, check=False,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
                             restore_signals=False)  # SIGXFSZ stays ignored: a write fails, as on a full disk
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("model.pt", json.loads(run.stdout)["error"]["message"])
        self.assertEqual([file.name for file in package.parent.iterdir()], ["package.run"])
        self.train(package, "--resume")
        self.assertEqual(weights_of(package), weights_of(self.package))

    def test_asked_to_end_it_keeps_what_it_has(self):
        package = self.scratch() / "stopped"
        with subprocess.Popen(self.arguments(package, "--epochs", 1000), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as run:
            for line in run.stdout:
                if line.startswith("epoch 1 "):
                    run.terminate()
                    break
            _, words = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 1)
        self.assertIn("--resume goes on from there", words)
        self.assertTrue((package.parent / "stopped.run" / "checkpoint.bin").exists())

    def test_a_checkpoint_is_neither_lost_nor_taken_for_another_training(self):
        package = self.scratch() / "begun"
        self.kill_after_checkpoints(package, 2)
        self.assertEqual(self.refused(package)["code"], "exists")
        self.assertIn("training.seed is 7 and was 1", self.refused(package, "--resume", "--seed", 7)["message"])
        relabelled = self.copy_of_dataset()
        def relabel(index, row):
            if row["split"] == "training" and row["labels"] == "Pneumonia" and index % 2:
                row["labels"] = "Normal"
        rewrite(relabelled / "manifest.csv", relabel)
        self.assertIn("other images or labels", self.refused(package, "--resume", dataset=relabelled)["message"])
        other = self.write_recipe("medium.yaml")
        other.write_text(other.read_text().replace("densenet-small", "densenet-medium"))
        self.assertEqual(self.refused(package, "--resume", recipe=other)["code"], "other_network")
        checkpoint = package.parent / "begun.run" / "checkpoint.bin"
        checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
        self.assertIn("cut off", self.refused(package, "--resume")["message"])
        self.train(package, "--anew")
        self.assertEqual(weights_of(package), weights_of(self.package))

    def test_a_second_run_decodes_nothing_and_mends_what_was_cut_off(self):
        package = self.scratch() / "again"
        shutil.copytree(f"{self.package}.run", f"{package}.run")
        self.assertEqual(self.train(package, "--prepare-only")["decoded"], 0)
        file, = pathlib.Path(f"{package}.run").glob("tensors-*.bin")
        whole = sorted(tensors_in(file.parent))
        os.truncate(file, file.stat().st_size - 1)
        self.assertEqual(self.train(package, "--prepare-only")["decoded"], 1)
        self.assertEqual(sorted(tensors_in(file.parent)), whole)

    def test_images_that_cannot_be_read_cost_themselves(self):
        dataset = self.copy_of_dataset()
        (dataset / "broken.dcm").write_bytes(b"no image")
        def break_some(index, row):
            if index == 0:
                row["file"] = "broken.dcm"
            if index == 1:
                row["file"] = "gone.dcm"
            if index < 2:
                row["split"] = "training"
        rewrite(dataset / "manifest.csv", break_some)
        package = self.scratch() / "package"
        error = self.refused(package, "--most-unreadable", 0.01, dataset=dataset)
        self.assertEqual(error["code"], "unreadable")
        self.assertIn("2 of ", error["message"])
        self.assertIn("broken.dcm", pathlib.Path(f"{package}.run/unreadable.csv").read_text(encoding="utf-8"))
        self.assertEqual(self.train(package, "--most-unreadable", 0.1, dataset=dataset)["unreadable"], 2)
        with open(f"{package}.run/unreadable.csv", newline="", encoding="utf-8") as file:
            self.assertEqual({row["file"]: row["reason"] for row in csv.DictReader(file)},
                             {"broken.dcm": "undecodable", "gone.dcm": "unreadable"})

    def test_images_are_read_as_the_node_that_is_named_reads_them(self):
        dataset = self.copy_of_dataset()
        def lie(index, row):
            image = pydicom.dcmread(dataset / row["file"])
            shown = image.PhotometricInterpretation
            image.PhotometricInterpretation = "MONOCHROME2" if shown == "MONOCHROME1" else "MONOCHROME1"
            row["file"] = f"{index}.dcm"
            image.save_as(dataset / row["file"])
        rewrite(dataset / "manifest.csv", lie)
        site = self.scratch() / "hilum.yaml"
        site.write_text("site: {polarity: [{manufacturer: Made-Up Imaging, follow: presentation_lut_shape}]}\n"
                        "models: [{package: /nonexistent}]\n", encoding="utf-8")
        package = self.scratch() / "package"
        self.train(package, "--prepare-only", "--config", site, dataset=dataset)
        run = pathlib.Path(f"{package}.run")
        honest = sorted(tensors_in(pathlib.Path(f"{self.package}.run")))
        self.assertEqual(sorted(tensors_in(run)), honest)
        # Other rules, other tensors: those that are there are not taken for them.
        self.assertGreater(self.train(package, "--prepare-only", dataset=dataset)["decoded"], 0)
        self.assertEqual(len(list(run.glob("tensors-*.bin"))), 2)
        self.assertEqual(self.refused(package, "--prepare-only", "--config", self.recipe)["code"], "configuration")

    def test_what_cannot_be_learned_from_is_refused_in_words(self):
        package = self.scratch() / "package"
        dataset = self.copy_of_dataset()
        with open(dataset / "manifest.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        def one_patient(_, row):
            row["patient"] = "same"
        rewrite(dataset / "manifest.csv", one_patient)
        error = self.refused(package, dataset=dataset)
        self.assertEqual(error["code"], "leaking")
        self.assertIn("patient_in_two_splits", error["message"])
        def unsplit(index, row):
            row["patient"], row["split"] = rows[index]["patient"], ""
        rewrite(dataset / "manifest.csv", unsplit)
        self.assertEqual(self.refused(package, dataset=dataset)["code"], "no_split")
        def rename(index, row):
            row["split"], row["labels"] = rows[index]["split"], row["labels"].replace("Normal", "Healthy")
        rewrite(dataset / "manifest.csv", rename)
        error = self.refused(package, dataset=dataset)
        self.assertEqual(error["code"], "labels")
        self.assertIn("'Healthy' is none of the model's", error["message"])
        renaming = self.write_recipe("renaming.yaml", "rename: {Healthy: Normal}")
        self.train(package, "--prepare-only", dataset=dataset, recipe=renaming)
        bad = self.write_recipe("bad.yaml", "colour: red")
        self.assertIn("bad.yaml:14: colour: ", self.refused(package, recipe=bad)["message"])

    def test_golden_images_and_lesions_and_a_second_look_go_into_the_package(self):
        boxes = self.folder / "images" / "boxes.csv"
        more = "loss: {location_weight: 0.3}\n"
        recipe = self.write_recipe("more.yaml", more)
        recipe.write_text(recipe.read_text().replace("dropout: 0.2", "dropout: 0.2, test_time_mirror: true"))
        package = self.scratch() / "package"
        self.train(package, "--epochs", 2, "--boxes", boxes, "--golden", self.folder / "images" / "phantom-1.dcm",
                   recipe=recipe)
        self.assertNotEqual(weights_of(package), weights_of(self.package))
        verified = answer("hilum", "model", "verify", package)
        self.assertIn("golden", json.dumps(verified))

    def test_lesions_are_named_as_the_manifest_or_from_their_table(self):
        beside = self.folder / "images" / "boxes.csv"
        with open(beside, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        elsewhere = self.scratch() / "boxes.csv"
        with open(elsewhere, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows({**row, "file": self.folder / "images" / row["file"]} for row in rows)
        recipe = self.write_recipe("located.yaml", "loss: {location_weight: 0.3}\n")
        packages = [self.scratch() / "package" for _ in range(3)]
        for package, boxes in zip(packages, (beside, elsewhere)):
            self.train(package, "--epochs", 2, "--boxes", boxes, recipe=recipe)
        self.assertEqual(weights_of(packages[0]), weights_of(packages[1]))
        shutil.copyfile(beside, elsewhere)
        error = self.refused(packages[2], "--boxes", elsewhere, recipe=recipe)
        self.assertEqual(error["code"], "boxes")
        self.assertIn(f"{elsewhere}: 32 files are neither named", error["message"])

    def test_training_begins_with_the_weights_of_another_package(self):
        package = self.scratch() / "package"
        run = program("hilum-train", *self.arguments(package, "--initial-weights", self.package / "model.pt")[1:])
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("initial weights from", run.stdout)

    def test_training_sees_bit_for_bit_what_the_worker_is_sent(self):
        files = [file for file, _ in radiographs()]
        folder = self.scratch()
        self.write_manifest_of(folder, files)
        for intensity, resize, side in (("minmax", "letterbox", 96), ("window", "crop", 65)):
            recipe = self.write_recipe("radiographs.yaml")
            recipe.write_text(recipe.read_text().replace(
                "rows: 64, columns: 64, mean: 0.5, std: 0.25",
                f"rows: {side}, columns: {side}, intensity: {intensity}, resize: {resize}"))
            package = folder / f"package{side}"
            outcome = self.train(package, "--prepare-only", "--data-workers", 3, dataset=folder, recipe=recipe)
            self.assertEqual(outcome["decoded"], len(files))
            sent = self.tensors_of_the_worker(folder, files, intensity, resize, side)
            self.assertEqual(sorted(tensors_in(pathlib.Path(f"{package}.run"), side)), sorted(sent))

    @staticmethod
    def write_manifest_of(folder, files):
        with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow("file,patient,site,split,labels,view,sex,age,manufacturer,pixels".split(","))
            for index, name in enumerate(files):
                rows.writerow([name, f"p{index}", "", ("training", "validation")[index % 2], LABELS[index // 2 % 3], "", "", "",
                               "", f"{index:064x}"])

    def tensors_of_the_worker(self, folder, files, intensity, resize, side):
        """As the node's decoder makes them for a study: tests/conformance/pixels compares these with a reference."""
        tool, = BUILD.rglob("prepare_tensors")
        lines = [f"{file} {intensity} {resize} {side} {side} {folder / f'{index}.raw'}" for index, file in enumerate(files)]
        run = subprocess.run([tool], input="\n".join(lines), capture_output=True, text=True, check=True)
        self.assertEqual([line.split()[0] for line in run.stdout.splitlines()], ["prepared"] * len(files))
        return [(folder / f"{index}.raw").read_bytes() for index in range(len(files))]


if __name__ == "__main__":
    unittest.main()
