"""`hilum dataset`: from folders of images and a table of labels to a manifest, and what it refuses."""

import csv
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import numpy
import pydicom

from hilum_harness import BINARIES, RADIOGRAPHS, SOURCE, make_phantoms, radiographs
from hilum_program import hilum, rows_of, write_rows

CHEST = RADIOGRAPHS.parent / "chest" if RADIOGRAPHS.parent.name == "shared" else SOURCE.parent / "shared" / "chest"
PHANTOMS = 24


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hilum-dataset-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.images, self.labels, self.set = (self.folder / name for name in ("images", "labels.csv", "set"))

    def create(self, *options, output=None, code=0):
        ran = hilum("dataset", "create", "--output", output or self.set, "--images", self.images, "--labels", self.labels, "--json",
                  *options)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return json.loads(ran.stdout)

    def check(self, *options, code=0):
        ran = hilum("dataset", "check", self.set, "--json", *options)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        said = json.loads(ran.stdout)
        self.assertEqual(said["valid"], code == 0)
        return {finding["code"]: finding for finding in said["findings"]}

    def manifest(self, folder=None):
        return rows_of((folder or self.set) / "manifest.csv")


class PhantomDatasetTest(Folder):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory(prefix="hilum-dataset-phantoms-")
        cls.addClassCleanup(cls.made.cleanup)
        cls.phantoms = make_phantoms(cls.made.name, PHANTOMS, 1, "--size", "256", "--images-per-study", "2")

    def setUp(self):
        super().setUp()
        shutil.copytree(self.made.name, self.images)
        write_rows(self.labels, [{"file": file.name, "label": ("Normal", "Pneumonia")[number // 2 % 2]}
                                 for number, file in enumerate(self.phantoms)])

    def test_a_dataset_tells_what_the_headers_tell_and_parts_no_patient(self):
        summary = self.create("--site", "here", "--split", "50:20:0:30")
        rows = self.manifest()
        self.assertEqual(len(rows), PHANTOMS)
        splits = {}
        for row in rows:
            header = pydicom.dcmread(row["file"], stop_before_pixels=True)
            self.assertEqual((row["patient"], row["sex"], row["view"], row["manufacturer"], row["site"]),
                             (header.PatientID, header.PatientSex, header.ViewPosition, header.Manufacturer, "here"))
            self.assertEqual(float(row["age"]), float(header.PatientAge[:3]))
            splits.setdefault(row["patient"], set()).add(row["split"])
        self.assertEqual(len(splits), PHANTOMS // 2)
        self.assertTrue(all(len(of_patient) == 1 for of_patient in splits.values()))
        self.assertEqual(set.union(*splits.values()), {"training", "validation", "test"})
        self.assertEqual(summary["flow"], {"found": PHANTOMS, "labelled": PHANTOMS, "read": PHANTOMS, "kept": PHANTOMS,
                                           "excluded": {}})
        written = json.loads((self.set / "dataset.json").read_text())
        summary.pop("findings")
        self.assertEqual(written, summary)
        self.assertEqual(sum(counts["images"] for counts in written["splits"].values()), PHANTOMS)
        self.assertEqual(self.check("--images", self.images), {})

    def test_the_order_of_files_and_labels_changes_nothing(self):
        self.create("--seed", "5", "--split", "60:20:0:20")
        other = self.folder / "other"
        rows = rows_of(self.labels)
        write_rows(self.labels, rows[::-1])
        files = sorted(self.images.iterdir(), reverse=True)
        shutil.move(self.images, self.folder / "away")
        self.images.mkdir()
        for file in files:
            shutil.copy(self.folder / "away" / file.name, self.images / file.name)
        self.create("--seed", "5", "--split", "60:20:0:20", output=other)
        self.assertEqual((self.set / "manifest.csv").read_bytes(), (other / "manifest.csv").read_bytes())
        self.create("--seed", "6", "--split", "60:20:0:20", output=self.folder / "third")
        self.assertNotEqual((self.set / "manifest.csv").read_bytes(),
                            (self.folder / "third" / "manifest.csv").read_bytes())

    def test_what_cannot_be_used_is_left_out_with_its_reason_and_nothing_else_is(self):
        files = sorted(self.images.iterdir())
        files[0].write_bytes(files[0].read_bytes()[:20_000])
        files[1].write_bytes(b"no image")
        os.unlink(files[2])
        nobody = pydicom.dcmread(files[3])
        nobody.PatientID = ""
        nobody.save_as(files[3])
        shutil.copy(files[4], self.images / "again.dcm")
        shutil.copy(files[5], self.images / "unlabelled.dcm")
        rows = rows_of(self.labels)
        rows[6]["label"] = ""
        write_rows(self.labels, [*rows, {**rows[4], "file": "again.dcm"}])
        summary = self.create("--split", "none")
        self.assertEqual(summary["flow"]["found"], PHANTOMS + 1)
        self.assertEqual(summary["flow"]["labelled"], PHANTOMS - 1)
        self.assertEqual(summary["flow"]["read"], PHANTOMS - 3)
        self.assertEqual(summary["flow"]["kept"], PHANTOMS - 5)
        excluded = {pathlib.Path(row["file"]).name: row for row in rows_of(self.set / "excluded.csv")}
        self.assertEqual({name: row["reason"] for name, row in excluded.items()},
                         {files[0].name: "undecodable", files[1].name: "undecodable", files[2].name: "no_file",
                          files[3].name: "no_patient", files[4].name: "duplicate", "unlabelled.dcm": "no_label",
                          files[6].name: "no_label"})
        self.assertTrue(all(len(row["words"]) > 10 for row in excluded.values()))
        self.assertEqual({row["split"] for row in self.manifest()}, {""})

    def test_leakage_between_splits_is_found_and_refused(self):
        self.create("--split", "50:0:0:50")
        rows = self.manifest()
        mate = next(row for row in rows[1:] if row["patient"] == rows[0]["patient"])
        mate["split"] = "test" if mate["split"] == "training" else "training"
        write_rows(self.set / "manifest.csv", rows)
        self.assertEqual(set(self.check(code=1)), {"patient_in_two_splits"})
        self.assertIn("patient_in_two_splits", hilum("dataset", "check", self.set).stderr)

        # The same picture of somebody else, at half the size: neither its patient nor its pixels tell.
        twin = pydicom.dcmread(rows[0]["file"])
        twin.PatientID = "SOMEBODYELSE"
        twin.PixelData = twin.pixel_array[::2, ::2].tobytes()
        twin.Rows, twin.Columns = (twin.Rows + 1) // 2, (twin.Columns + 1) // 2
        twin.save_as(self.images / "twin.dcm")
        labels = rows_of(self.labels)
        labels.append({"file": "twin.dcm", "label": labels[0]["label"]})
        write_rows(self.labels, labels)
        refused = 0
        for seed in range(1, 9):
            output = self.folder / f"seed-{seed}"
            ran = hilum("dataset", "create", "--output", output, "--images", self.images, "--labels", self.labels, "--json",
                      "--split", "50:0:0:50", "--seed", seed)
            codes = {finding["code"] for finding in json.loads(ran.stdout)["findings"]}
            self.assertEqual(codes, {"picture_in_two_splits"} if ran.returncode else {"duplicate"})
            self.assertEqual(output.exists(), ran.returncode == 0)
            refused += ran.returncode
        self.assertIn(refused, range(1, 8))

    def test_one_image_has_one_digest_whatever_its_encoding(self):
        first = pydicom.dcmread(self.phantoms[0])
        pixels = first.pixel_array
        first.PhotometricInterpretation = ("MONOCHROME1" if first.PhotometricInterpretation == "MONOCHROME2"
                                           else "MONOCHROME2")
        first.PixelData = (pixels.max() - pixels + pixels.min()).astype(numpy.uint16).tobytes()
        first.PatientID = "ANOTHER"
        first.save_as(self.images / "inverted.dcm")
        wavelet = pydicom.dcmread(self.phantoms[0])
        wavelet.compress(pydicom.uid.RLELossless)
        wavelet.save_as(self.images / "rle.dcm")
        rows = rows_of(self.labels)
        write_rows(self.labels, [*rows, {**rows[0], "file": "inverted.dcm"}, {**rows[0], "file": "rle.dcm"}])
        self.create("--split", "none")
        digests = {pathlib.Path(row["file"]).name: row["pixels"] for row in self.manifest()}
        self.assertEqual(digests["inverted.dcm"], digests[self.phantoms[0].name])
        reasons = {pathlib.Path(row["file"]).name: row["reason"] for row in rows_of(self.set / "excluded.csv")}
        self.assertEqual(reasons, {"rle.dcm": "duplicate"})
        self.assertEqual(len(set(digests.values())), PHANTOMS)

    def test_images_are_read_as_the_named_nodes_site_says(self):
        for file in self.phantoms:
            dataset = pydicom.dcmread(file)
            dataset.PresentationLUTShape = "INVERSE" if dataset.PhotometricInterpretation == "MONOCHROME2" else "IDENTITY"
            dataset.ViewPosition = "front"
            dataset.save_as(self.images / file.name)
        config = self.folder / "hilum.yaml"
        config.write_text(json.dumps({"site": {"polarity": [{"manufacturer": "*", "follow": "presentation_lut_shape"}],
                                               "view_aliases": {"PA": ["FRONT"]}}}))
        self.create("--split", "none")
        plain = self.manifest()
        self.assertEqual({row["view"] for row in plain}, {"FRONT"})
        shutil.rmtree(self.set)
        self.create("--split", "none", "--config", config)
        self.assertEqual({row["view"] for row in self.manifest()}, {"PA"})
        self.assertTrue(all(row["pixels"] != other["pixels"] for row, other in zip(self.manifest(), plain, strict=True)))
        self.assertIn(str(config), json.loads((self.set / "dataset.json").read_text())["arguments"])
        self.assertEqual(self.check("--config", config), {})
        self.assertEqual(set(self.check(code=1)), {"file_changed"})
        ran = hilum("dataset", "create", "--output", self.folder / "none", "--images", self.images, "--labels", self.labels, "--json",
                  "--config", self.folder / "no.yaml")
        self.assertNotEqual(ran.returncode, 0)
        self.assertFalse((self.folder / "none").exists())

    def test_a_file_whose_name_is_not_utf8_is_left_out(self):
        folder = os.fsencode(self.images) + b"/M\xfcller"
        os.mkdir(folder)
        os.rename(os.fsencode(self.images / self.phantoms[0].name), folder + b"/" + self.phantoms[0].name.encode())
        self.assertEqual(self.create("--split", "none")["flow"]["excluded"], {"file_name": 1})
        self.assertEqual(len(self.manifest()), PHANTOMS - 1)
        self.assertIn("?", rows_of(self.set / "excluded.csv")[0]["file"])
        self.assertEqual(self.check("--images", self.images), {})

    def test_one_image_with_differing_labels_is_refused(self):
        shutil.copy(self.phantoms[0], self.images / "again.dcm")
        rows = rows_of(self.labels)
        write_rows(self.labels, [*rows, {"file": "again.dcm", "label": "Pneumonia"}])
        said = self.create("--split", "none", code=1)
        self.assertEqual([finding["code"] for finding in said["findings"]], ["differing_labels"])
        self.assertFalse(self.set.exists())

    def test_a_dataset_whose_files_changed_is_refused(self):
        self.create("--split", "none")
        files = [pathlib.Path(row["file"]) for row in self.manifest()]
        shutil.copy(files[5], files[0])
        files[1].unlink()
        files[2].write_bytes(b"no image")
        shutil.copy(files[3], self.images / "new.dcm")
        found = self.check("--images", self.images, code=1)
        self.assertEqual({code: [pathlib.Path(file).name for file in finding["files"]]
                          for code, finding in found.items() if finding["refused"]},
                         {"file_changed": [files[0].name], "file_missing": [files[1].name],
                          "file_unreadable": [files[2].name], "file_without_label": ["new.dcm"]})

    def test_too_few_patients_of_a_class_and_what_is_there_already_are_refused(self):
        rows = rows_of(self.labels)
        rows[0]["label"] = "Rare"
        write_rows(self.labels, rows)
        said = self.create("--split", "50:0:0:50", code=1)
        self.assertEqual({finding["code"] for finding in said["findings"]}, {"class_without_images"})
        self.assertIn("'Rare'", said["findings"][0]["words"])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["images", "labels.csv"])
        self.set.mkdir()
        self.assertEqual(self.create(code=1)["error"]["code"], "exists")
        self.assertEqual(list(self.set.iterdir()), [])

    def test_sites_are_never_parted(self):
        rows = rows_of(self.labels)
        for number, row in enumerate(rows):
            row["site"] = ("north", "south", "east")[number // 8]
        write_rows(self.labels, rows)
        self.create("--split", "60:0:0:40", "--split-by", "site")
        of_site = {}
        for row in self.manifest():
            of_site.setdefault(row["site"], set()).add(row["split"])
        self.assertEqual({site: len(splits) for site, splits in of_site.items()}, {"north": 1, "south": 1, "east": 1})
        self.assertEqual(set.union(*of_site.values()), {"training", "test"})


class RealRadiographsTest(Folder):
    def test_dicom_of_every_transfer_syntax_is_read(self):
        files = radiographs()
        self.images, self.labels = RADIOGRAPHS, RADIOGRAPHS / "manifest.csv"
        self.create("--split", "none")
        self.assertEqual(len(self.manifest()), len(files))

    def test_hundreds_of_chests_are_no_duplicates_of_each_other(self):
        if not (CHEST / "labels.csv").is_file():
            self.skipTest(f"no radiographs at {CHEST}")
        self.images, self.labels = CHEST, CHEST / "labels.csv"
        summary = self.create()
        self.assertEqual(summary["findings"], [])
        self.assertEqual(summary["images"], len(rows_of(self.labels)))
        for name in ("training", "validation", "calibration", "test"):
            counts = summary["splits"][name]["label"]
            self.assertAlmostEqual(counts["Normal"] / sum(counts.values()), 350 / 722, delta=0.04)


if __name__ == "__main__":
    unittest.main()
