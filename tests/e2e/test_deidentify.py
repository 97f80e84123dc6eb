"""`hilum dataset deidentify`: nothing of whose images they are is left in a copy, and the pixels are the same."""

import csv
import json
import os
import pathlib
import re
import shutil
import stat
import struct
import subprocess
import tempfile
import unittest
import zlib

import pydicom
import pydicom.datadict
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hilum_harness import BINARIES, RADIOGRAPHS, SOURCE, Orthanc, http, make_phantoms, need, radiographs
from hilum_program import hilum, rows_of, write_rows

TABLE = SOURCE / "src" / "deidentification" / "table_e_1_1.csv"
CASES = RADIOGRAPHS.parent / "cases" / "pixels" if RADIOGRAPHS.parent.name == "shared" \
    else SOURCE.parent / "shared" / "cases" / "pixels"
PERSONAL_VRS = {"PN", "UI", "DA", "DT"}
PERSONAL = {"PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "InstitutionName", "StationName",
            "PatientAddress", "DeviceSerialNumber", "StudyDescription", "SeriesDescription"}


def raw_values(dataset):
    """(keyword or tag, VR, bytes) of each value that may tell who it is, at every depth."""
    for element in dataset.iterall():
        tag = element.tag
        vr = element.VR
        if vr == "SQ" or tag.group in (0x0002, 0x7FE0):
            continue
        if not (vr in PERSONAL_VRS or tag.is_private or element.keyword in PERSONAL):
            continue
        values = element.value if isinstance(element.value, (list, pydicom.multival.MultiValue)) else [element.value]
        for value in values:
            if isinstance(value, pydicom.valuerep.PersonName):
                value = value.original_string or str(value).encode()
            yield element.keyword or str(tag), vr, value if isinstance(value, bytes) else str(value).encode()


def secrets_of(file):
    dataset = pydicom.dcmread(file, force=True)
    for keyword, vr, value in raw_values(dataset):
        value = value.strip(b" \0")
        if vr == "UI" and value.startswith(b"1.2.840.10008."):
            continue
        if vr == "PN":
            yield from ((keyword, part) for part in re.split(rb"[\^= ]", value) if len(part) >= 5)
        elif len(value) >= 4:
            yield keyword, value


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(texts=()):
    lines = b"".join(b"\0" + bytes((x * 3 + y) % 251 for x in range(64)) for y in range(64))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
            + b"".join(chunk(b"tEXt", text) for text in texts) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def conformance_errors(file):
    """What dciodvfy calls an error, without values."""
    ran = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, errors="replace", timeout=60, check=False)
    return {re.sub(r"<[^>]*>|\(0x[^)]*\)|[0-9]+", "", line).strip() for line in ran.stderr.splitlines()
            if line.startswith("Error")}


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hilum-deidentify-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.images, self.labels, self.set, self.copy, self.key = (
            self.folder / name for name in ("images", "labels.csv", "set", "copy", "key"))

    def create(self, images=None, labels=None, *options):
        ran = hilum("dataset", "create", "--output", self.set, "--images", images or self.images, "--labels", labels or self.labels,
                  "--split", "none", *options)
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def deidentify(self, *options, output=None, key=None, code=0):
        ran = hilum("dataset", "deidentify", self.set, "--output", output or self.copy, "--key", key or self.key, "--json", *options)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return json.loads(ran.stdout)

    def assert_nothing_is_told(self, sources, copy):
        """No name, number, date or UID of `sources` is in any byte or name of `copy`."""
        secrets = {}
        for source in sources:
            for keyword, secret in secrets_of(source):
                secrets.setdefault(secret, keyword)
        self.assertGreater(len(secrets), 3 * len(sources))
        files = [file for file in sorted(copy.rglob("*")) if file.is_file()]
        for file in files:
            content = file.read_bytes()
            if file.suffix == ".dcm":  # what is in the compressed pixels by chance tells nothing
                content = content[:max(content.rfind(b"\xe0\x7f\x10\x00"), content.rfind(b"\x7f\xe0\x00\x10"))]
            told = {(secret, keyword) for secret, keyword in secrets.items()
                    if secret in content or secret in os.fsencode(file.name)}
            self.assertEqual(told, set(), file.name)

    def assert_is_the_same_dataset(self, left_out=0):
        ran = hilum("dataset", "check", self.copy, "--json")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        before, after = rows_of(self.set / "manifest.csv"), rows_of(self.copy / "manifest.csv")
        self.assertEqual(len(after), len(before) - left_out)
        pixels = {row["pixels"]: row for row in before}
        for row in after:
            source = pixels[row["pixels"]]
            for column in ("labels", "split", "view", "manufacturer", "sex"):
                self.assertEqual(row[column], source[column])
            self.assertRegex(row["file"], r"^images/[0-9a-f]{24}\.(dcm|png)$")
        self.assertEqual(after, sorted(after, key=lambda row: row["file"]))


class PhantomTest(Folder):
    def setUp(self):
        super().setUp()
        self.phantoms = make_phantoms(self.images, 6, 1, "--size", "256", "--images-per-study", "2")
        for file in self.phantoms:  # whose names are those of the device
            dataset = pydicom.dcmread(file)
            dataset.PatientName, dataset.ReferringPhysicianName = "Secretson^Jane", "Referrer^Robert"
            dataset.save_as(file)
        write_rows(self.labels, [{"file": file.name, "label": "Normal"} for file in self.phantoms])

    def test_one_patient_stays_one_and_one_key_makes_one_copy(self):
        self.create()
        self.deidentify("--include-doubtful")
        self.assert_is_the_same_dataset()
        self.assert_nothing_is_told(self.phantoms, self.copy)
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        rows = rows_of(self.copy / "manifest.csv")
        self.assertEqual(sorted(len([row for row in rows if row["patient"] == patient])
                                for patient in {row["patient"] for row in rows}), [2, 2, 2])
        self.deidentify("--include-doubtful", output=self.folder / "again")
        for row in rows:
            self.assertEqual((self.copy / row["file"]).read_bytes(), (self.folder / "again" / row["file"]).read_bytes())
        self.deidentify("--include-doubtful", output=self.folder / "other", key=self.folder / "other-key")
        self.assertEqual({row["patient"] for row in rows}
                         & {row["patient"] for row in rows_of(self.folder / "other" / "manifest.csv")}, set())
        headers = [pydicom.dcmread(self.copy / row["file"]) for row in rows]
        self.assertEqual(len({header.StudyInstanceUID for header in headers}), 3)
        self.assertEqual({header.PatientID for header in headers}, {row["patient"] for row in rows})

    def test_one_number_at_two_sites_is_two_people(self):
        rows = rows_of(self.labels)
        for number, row in enumerate(rows):
            row["patient"], row["site"] = "77", ("north", "south")[number % 2]
        write_rows(self.labels, rows)
        self.create()
        self.deidentify("--include-doubtful")
        copied = rows_of(self.copy / "manifest.csv")
        self.assertEqual(len({row["patient"] for row in copied}), 2)
        self.assertEqual(len({row["site"] for row in copied}), 2)
        for file in self.copy.rglob("*.*"):
            if file.suffix in (".csv", ".json"):
                self.assertNotRegex(file.read_text(), "north|south")

    def test_intervals_between_a_patients_images_stay(self):
        for number, file in enumerate(self.phantoms):
            dataset = pydicom.dcmread(file)
            dataset.StudyDate, dataset.PatientID = ("20240101", "20240131")[number % 2], f"P{number // 2}"
            dataset.save_as(file)
        self.create()
        self.deidentify("--include-doubtful")
        dates = {}
        for row in rows_of(self.copy / "manifest.csv"):
            header = pydicom.dcmread(self.copy / row["file"])
            dates.setdefault(header.PatientID, set()).add(pydicom.valuerep.DA(header.StudyDate))
        self.assertEqual({(max(of_one) - min(of_one)).days for of_one in dates.values()}, {30})
        self.assertEqual(len({min(of_one) for of_one in dates.values()}), 3)

    def test_options_remove_dates_and_characteristics(self):
        self.create()
        said = self.deidentify("--include-doubtful", "--dates", "remove", "--characteristics", "remove")
        self.assertEqual(said["deidentification"]["dates"], "remove")
        for row in rows_of(self.copy / "manifest.csv"):
            self.assertEqual((row["sex"], row["age"]), ("", ""))
            header = pydicom.dcmread(self.copy / row["file"])
            self.assertFalse(header.get("StudyDate") or header.get("PatientSex") or header.get("PatientAge"))
            self.assertEqual([item.CodeValue for item in header.DeidentificationMethodCodeSequence], ["113100"])

    def test_a_malformed_age_costs_its_own_value_alone(self):
        dataset = pydicom.dcmread(self.phantoms[0])
        dataset.PatientAge = "Y"
        dataset.save_as(self.phantoms[0])
        rows = rows_of(self.labels)
        for row in rows:
            row["age"] = "50"
        write_rows(self.labels, rows)
        self.create()
        self.deidentify("--include-doubtful")
        self.assert_is_the_same_dataset()
        for row in rows_of(self.copy / "manifest.csv"):
            self.assertRegex(pydicom.dcmread(self.copy / row["file"]).PatientAge, "^[0-9]{3}Y$")

    def test_doubtful_pictures_are_left_out_or_listed_and_certain_ones_refused(self):
        for file, told in zip(self.phantoms, ("YES", "NO", "NO", "NO", None, "NO"), strict=True):
            dataset = pydicom.dcmread(file)
            if told is None:
                dataset.pop("BurnedInAnnotation", None)
            else:
                dataset.BurnedInAnnotation = told
            dataset.save_as(file)
        scanned = pydicom.dcmread(self.phantoms[5])
        scanned.SOPClassUID = scanned.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        scanned.save_as(self.phantoms[5])
        self.create()
        said = self.deidentify()
        self.assertEqual(said["flow"]["excluded"], {"burned_in": 1, "burned_in_possible": 2})
        self.assertEqual({pathlib.Path(one["file"]).name for one in said["left_out"]},
                         {self.phantoms[number].name for number in (0, 4, 5)})
        self.assertEqual(len(rows_of(self.copy / "manifest.csv")), 3)
        self.assertNotIn(self.phantoms[0].name, (self.copy / "excluded.csv").read_text())
        said = self.deidentify("--include-doubtful", output=self.folder / "all")
        self.assertEqual(said["flow"]["excluded"], {"burned_in": 1})
        self.assertEqual(sorted(row["reason"] for row in rows_of(self.folder / "all" / "doubtful.csv")),
                         ["not_told", "secondary_capture"])

    def test_png_files_lose_all_but_their_picture(self):
        shutil.rmtree(self.images)
        self.images.mkdir()
        (self.images / "Jane_Doe.png").write_bytes(png([b"Author\0SECRETNAME", b"Comment\0SECRETNAME"]) + b"SECRETNAME")
        write_rows(self.labels, [{"file": "Jane_Doe.png", "label": "Normal", "patient": "SECRETNAME", "age": "95"}])
        self.create()
        self.assertEqual(self.deidentify(code=1)["error"]["code"], "no_images")
        self.assertFalse(self.copy.exists())
        self.deidentify("--include-doubtful")
        self.assert_is_the_same_dataset()
        row, = rows_of(self.copy / "manifest.csv")
        self.assertEqual(row["age"], "90")
        for file in self.copy.rglob("*.*"):
            self.assertNotIn("Jane", str(file.relative_to(self.copy)))
            self.assertFalse(file.is_file() and re.search(b"SECRETNAME|Jane", file.read_bytes()), file)

    def test_what_changed_or_went_away_is_left_out(self):
        self.create()
        shutil.copy(self.phantoms[0], self.phantoms[1])
        self.phantoms[2].unlink()
        whole = self.phantoms[3].read_bytes()
        self.phantoms[3].write_bytes(whole[:len(whole) // 2])
        said = self.deidentify("--include-doubtful")
        self.assertEqual(said["flow"]["excluded"], {"file_changed": 1, "unreadable": 1, "truncated": 1})
        self.assertEqual(len(list((self.copy / "images").iterdir())), 3)

    def test_a_disk_that_gets_full_leaves_nothing_behind(self):
        self.create()
        size = self.phantoms[0].stat().st_size
        disk = self.folder / "disk"
        disk.mkdir()
        for kibibytes in (size // 1024 - 4, size // 1024 + 12, 3 * size // 1024):
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(disk)],
                                     capture_output=True, text=True, check=False)
            if mounted.returncode != 0:
                raise unittest.SkipTest(f"no file system of its own can be mounted here: {mounted.stderr.strip()}")
            self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=False, capture_output=True)
            said = self.deidentify("--include-doubtful", output=disk / "copy", code=1)
            self.assertIn(said["error"]["code"], ("disk_full", "system"), said)
            self.assertEqual(list(disk.iterdir()), [])
            subprocess.run(["umount", str(disk)], check=True)

    def test_keys_in_the_copy_and_places_that_are_taken_are_refused(self):
        self.create()
        self.assertEqual(self.deidentify(key=self.copy / "key", code=1)["error"]["code"], "key")
        self.assertEqual(self.deidentify(key=self.copy / "images" / ".." / "key", code=1)["error"]["code"], "key")
        self.assertFalse(self.copy.exists())
        self.key.write_text("secret")
        self.key.chmod(0o600)
        self.assertEqual(self.deidentify(code=1)["error"]["code"], "key")
        self.key.unlink()
        self.copy.mkdir()
        self.assertEqual(self.deidentify(code=1)["error"]["code"], "exists")
        self.assertFalse(self.key.exists())
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["copy", "images", "labels.csv", "set"])


class RealRadiographsTest(Folder):
    def test_radiographs_of_all_encodings_tell_nothing_and_conform_as_before(self):
        files = [file for file, _ in radiographs()]
        self.create(RADIOGRAPHS, RADIOGRAPHS / "manifest.csv", "--site", "north")
        self.deidentify("--include-doubtful")
        self.assert_is_the_same_dataset()
        self.assert_nothing_is_told(files, self.copy)
        need("dciodvfy")
        before = set.union(*(conformance_errors(file) for file in files))
        after = set.union(*(conformance_errors(file) for file in (self.copy / "images").iterdir()))
        self.assertEqual(after - before, set())
        pixels = [sorted(pydicom.dcmread(file).PixelData for file in of) for of in (files, (self.copy / "images").iterdir())]
        self.assertEqual(*pixels)
        by_syntax = [sorted(str(pydicom.dcmread(file, stop_before_pixels=True).file_meta.TransferSyntaxUID) for file in of)
                     for of in (files, (self.copy / "images").iterdir())]
        self.assertEqual(*by_syntax)

    def test_odd_files_tell_nothing(self):
        if not (CASES / "manifest.csv").is_file():
            self.skipTest(f"no odd radiographs at {CASES}")
        files = sorted(CASES.glob("*.dcm"))
        write_rows(self.labels, [{"file": file.name, "label": "Normal", "patient": f"P{number}"}
                                 for number, file in enumerate(files)])
        self.create(CASES, self.labels)
        said = self.deidentify("--include-doubtful")
        self.assertEqual(said["flow"]["excluded"], {})
        self.assertGreater(said["images"], 40)
        taken = [pathlib.Path(row["file"]) for row in rows_of(self.set / "manifest.csv")]
        self.assert_nothing_is_told([file for file in taken if file.name != "group-2-in-the-data-set.dcm"], self.copy)
        self.assertEqual(hilum("dataset", "check", self.copy).returncode, 0)


ADDED_AFTER_2021B = {
    "AnnotationGroupDescription", "CertifiedTimestamp", "DisplacementReferenceLabel", "InterpretationID", "NetworkID",
    "Originator", "PatientSetupPhotoDescription", "PatientTreatmentPreparationMethodDescription",
    "PatientTreatmentPreparationProcedureParameterDescription", "ReceivingAE", "RequestingAE", "ResultsID",
    "RetrieveAETitle", "SourceOfPreviousValues", "StationAETitle", "TreatmentSites"}


def dummy(vr):
    if vr == "SQ":
        return Sequence([Dataset()])
    return {"DA": "20010203", "DT": "20010203040506", "TM": "040506", "UI": "1.2.3.4", "AS": "001Y", "DS": "1", "IS": "1",
            "US": 1, "SS": 1, "UL": 1, "SL": 1, "FL": 1.0, "FD": 1.0, "PN": "A^B", "CS": "X", "OB": b"\1\2", "OW": b"\1\2",
            "OF": b"\1\2\3\4", "OL": b"\1\2\3\4", "OD": bytes(8), "OV": bytes(8), "UN": b"\1\2", "SV": 1, "UV": 1,
            "AT": 0x00100010}.get(vr, "text")


class ProfileTableTest(Folder):
    """Table E.1-1 as Orthanc has it (2021b), by what it does to a data set that has every attribute."""

    def test_the_table_agrees_with_orthancs(self):
        need("Orthanc")
        pacs = Orthanc(self.folder / "orthanc")
        self.addCleanup(pacs.stop)
        pacs.start()
        phantom, = make_phantoms(self.images, 1, 1, "--size", "64")
        dataset, ours = pydicom.dcmread(phantom), {int(row["tag"], 16): row["basic"] for row in rows_of(TABLE)}
        for tag, (vr, *_) in pydicom.datadict.DicomDictionary.items():
            group = tag >> 16
            if group in (0x0000, 0x0002, 0x0004, 0x0028, 0x7FE0, 0xFFFE) or tag in dataset or tag == 0x00080005:
                continue
            try:
                dataset.add_new(tag, vr.split(" or ")[0], dummy(vr.split(" or ")[0]))
            except (ValueError, TypeError, OverflowError):
                continue
        dataset.save_as(self.folder / "all.dcm")
        status, body = http(f"{pacs.url}/instances", (self.folder / "all.dcm").read_bytes(), timeout=60)
        self.assertEqual(status, 200, body)
        instance = json.loads(body)["ID"]
        status, body = http(f"{pacs.url}/instances/{instance}/anonymize",
                            json.dumps({"DicomVersion": "2021b"}).encode(), timeout=60)
        self.assertEqual(status, 200, body[:200])
        (self.folder / "theirs.dcm").write_bytes(body)
        theirs = pydicom.dcmread(self.folder / "theirs.dcm")
        removed, emptied = set(), set()
        for element in dataset:
            if element.tag not in theirs:
                removed.add(int(element.tag))
            elif element.VR != "UI" and theirs[element.tag].is_empty and not element.is_empty:
                emptied.add(int(element.tag))
        self.assertGreater(len(removed), 250)
        name = pydicom.datadict.keyword_for_tag
        # What goes there goes here, whatever the year of the table.
        self.assertEqual({name(tag) for tag in removed | emptied if tag not in ours}, set())
        self.assertEqual({name(tag) for tag in removed if "X" not in ours[tag]}, set())
        # What we remove or empty by the standard and they keep came into the table later: dates and times, and these.
        kept = {name(tag) for tag, action in ours.items() if action in ("X", "Z") and tag in dataset
                and tag not in removed | emptied and pydicom.datadict.dictionary_VR(tag) not in ("DA", "DT", "TM")}
        self.assertEqual(kept, ADDED_AFTER_2021B | {"PatientName"})  # in which they write a word
        self.assert_ours_does_as_much(dataset, removed, emptied)

    def assert_ours_does_as_much(self, dataset, removed, emptied):
        shutil.rmtree(self.images)
        self.images.mkdir()
        shutil.move(self.folder / "all.dcm", self.images)
        write_rows(self.labels, [{"file": "all.dcm", "label": "Normal"}])
        self.create()
        self.deidentify("--include-doubtful", "--dates", "remove", "--characteristics", "remove")
        copy, = (self.copy / "images").iterdir()
        copy = pydicom.dcmread(copy)
        stamped = {0x00100010, 0x00100020, 0x00120063}
        self.assertEqual({element.keyword for element in copy if int(element.tag) in removed and not element.is_empty},
                         set())
        self.assertEqual({element.keyword for element in copy if int(element.tag) in emptied - stamped
                          and element.VR != "SQ"  # whose one item was empty before
                          and not element.is_empty and element.value == dataset[element.tag].value}, set())
        self.assertGreater(len(copy), 500)  # the others are there


if __name__ == "__main__":
    unittest.main()
