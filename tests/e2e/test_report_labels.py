"""`hilum dataset create --reports`: labels from Structured Reports, and which reports count; --config beside it."""

import csv
import json
import pathlib
import subprocess
import tempfile
import unittest

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from hilum_harness import BINARIES, HilumTest, make_phantoms

COMPREHENSIVE_SR, BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.88.11"
PNEUMONIA, EFFUSION = ("233604007", "SCT", "Pneumonia"), ("60046008", "SCT", "Pleural effusion")
FINDING, PRESENCE = ("121071", "DCM", "Finding"), ("705057003", "SCT", "Presence")
PRESENT, ABSENT = ("52101004", "SCT", "Present"), ("2667000", "SCT", "Absent")
MAPPING = ("--finding", "SCT:233604007=Pneumonia", "--finding", "pleural effusion=Effusion")


def coded(code):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return Sequence([item])


def content(value_type, name, children=(), **values):
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = "CONTAINS", value_type, coded(name)
    for keyword, value in values.items():
        setattr(item, keyword, value)
    if children:
        item.ContentSequence = Sequence(children)
    return item


def code(name, value, *children):
    return content("CODE", name, children, ConceptCodeSequence=coded(value))


def group(finding, presence=PRESENT):
    return content("CONTAINER", ("125007", "DCM", "Measurement Group"), [code(FINDING, finding), code(PRESENCE, presence)])


def observer(kind):
    return code(("121005", "DCM", "Observer Type"), {"person": ("121006", "DCM", "Person"),
                                                    "device": ("121007", "DCM", "Device")}[kind])


def references(study, class_uid, uid):
    instance = Dataset()
    instance.ReferencedSOPClassUID, instance.ReferencedSOPInstanceUID = class_uid, uid
    series, item = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = generate_uid(), Sequence([instance])
    item.StudyInstanceUID, item.ReferencedSeriesSequence = study, Sequence([series])
    return Sequence([item])


class ReportLabelsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hilum-reports-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.images, self.reports, self.set = (self.folder / name for name in ("images", "reports", "set"))
        self.phantoms = make_phantoms(self.images, 6, 1, "--size", "128")
        self.reports.mkdir()

    def report(self, phantom, *items, verified=True, of_image=True, replaces=None, sop_class=COMPREHENSIVE_SR):
        image = pydicom.dcmread(self.phantoms[phantom], stop_before_pixels=True)
        report = Dataset()
        report.SOPClassUID, report.SOPInstanceUID = sop_class, generate_uid()
        report.StudyInstanceUID, report.SeriesInstanceUID = image.StudyInstanceUID, generate_uid()
        report.PatientID, report.PatientName, report.Modality = image.PatientID, image.PatientName, "SR"
        report.VerificationFlag, report.CompletionFlag = "VERIFIED" if verified else "UNVERIFIED", "COMPLETE"
        report.ValueType, report.ContentSequence = "CONTAINER", Sequence(items)
        if of_image:
            report.CurrentRequestedProcedureEvidenceSequence = references(image.StudyInstanceUID, image.SOPClassUID,
                                                                          image.SOPInstanceUID)
        if replaces:
            report.PredecessorDocumentsSequence = references(image.StudyInstanceUID, COMPREHENSIVE_SR, replaces)
        report.file_meta = FileMetaDataset()
        report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID
        report.file_meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID
        report.is_little_endian, report.is_implicit_VR = True, False
        report.save_as(self.reports / f"{report.SOPInstanceUID}.dcm", write_like_original=False)
        return report.SOPInstanceUID

    def create(self, *options, code=0, mapping=MAPPING, split="none"):
        ran = subprocess.run([str(BINARIES / "hilum"), "dataset", "create", "--output", str(self.set), "--images",
                              str(self.images), "--split", split, "--json", *map(str, mapping), *map(str, options)],
                             capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(ran.returncode, code, ran.stdout + ran.stderr)
        return json.loads(ran.stdout)

    def labels(self):
        with open(self.set / "manifest.csv", encoding="utf-8", newline="") as lines:
            return {self.number(row["file"]): row["labels"] for row in csv.DictReader(lines)}

    def number(self, file):
        return self.phantoms.index(self.images / pathlib.Path(file).name)

    def excluded(self):
        with open(self.set / "excluded.csv", encoding="utf-8", newline="") as lines:
            return sorted((row["reason"], pathlib.Path(row["file"]).name) for row in csv.DictReader(lines))

    def test_findings_of_reports_become_labels(self):
        self.report(0, group(PNEUMONIA), group(EFFUSION, ABSENT))
        self.report(1, group(PNEUMONIA), group(EFFUSION))
        self.report(2, code(FINDING, EFFUSION), sop_class=BASIC_TEXT_SR, of_image=False)
        self.report(3, code(PNEUMONIA, ABSENT))
        self.report(4, code(("121070", "DCM", "Findings"), ("17621005", "SCT", "Normal")))
        self.create("--reports", self.reports, "--without-finding", "None")
        self.assertEqual(self.labels(), {0: "Pneumonia", 1: "Effusion|Pneumonia", 2: "Effusion", 3: "None", 4: "None"})
        self.assertEqual(self.excluded(), [("no_label", self.phantoms[5].name)])

    def test_findings_of_earlier_images_are_no_labels(self):
        normal = ("17621005", "SCT", "Normal")
        earlier = content("CONTAINER", ("121068", "DCM", "Previous Findings"), [code(FINDING, PNEUMONIA)])
        self.report(0, earlier, content("CONTAINER", ("121070", "DCM", "Findings"), [code(FINDING, normal)]))
        only_earlier = self.report(1, earlier)
        self.create("--reports", self.reports, "--without-finding", "None")
        self.assertEqual(self.labels(), {0: "None"})
        self.assertIn(("report_of_other_findings", f"{only_earlier}.dcm"), self.excluded())

    def test_what_no_person_stands_for_counts_only_where_asked_for(self):
        self.report(0, group(PNEUMONIA), observer("device"), verified=False)
        self.report(1, group(PNEUMONIA), observer("person"), verified=False)
        self.report(2, group(PNEUMONIA), observer("device"))
        self.report(3, group(PNEUMONIA), verified=False)
        self.create("--reports", self.reports)
        self.assertEqual(set(self.labels()), {1, 2})
        self.assertEqual([reason for reason, _ in self.excluded()], ["no_label"] * 4 + ["report_unverified"] * 2)
        self.set.rename(self.folder / "first")
        self.create("--reports", self.reports, "--include-unverified")
        self.assertEqual(set(self.labels()), {0, 1, 2, 3})

    def test_of_several_reports_the_newest_version_counts_and_others_must_agree(self):
        first = self.report(0, group(PNEUMONIA))
        self.report(0, group(EFFUSION), replaces=first)
        self.report(1, group(PNEUMONIA))
        self.report(1, group(EFFUSION))
        self.report(2, group(PNEUMONIA))
        self.report(2, group(PNEUMONIA), of_image=False)
        self.create("--reports", self.reports)
        self.assertEqual(self.labels(), {0: "Effusion", 2: "Pneumonia"})
        excluded = self.excluded()
        self.assertIn(("reports_differ", self.phantoms[1].name), excluded)
        self.assertEqual(sum(name == self.phantoms[1].name for _, name in excluded), 1)
        self.assertIn(("report_replaced", f"{first}.dcm"), excluded)

    def test_a_table_counts_before_reports(self):
        self.report(0, group(PNEUMONIA))
        self.report(1, group(EFFUSION))
        (self.folder / "labels.csv").write_text(f"file,label,site\n{self.phantoms[0].name},Normal,north\n"
                                                f"{self.phantoms[1].name},,south\n")
        self.create("--reports", self.reports, "--labels", self.folder / "labels.csv")
        self.assertEqual(self.labels(), {0: "Normal", 1: "Effusion"})

    def test_hostile_and_foreign_files_among_the_reports_cost_themselves(self):
        self.report(0, group(PNEUMONIA))
        deep = content("CONTAINER", FINDING)
        for _ in range(100):
            deep = content("CONTAINER", FINDING, [deep])
        uid = self.report(1, deep)
        whole = (self.reports / f"{self.report(2, group(PNEUMONIA))}.dcm")
        whole.write_bytes(whole.read_bytes()[:-40])
        (self.reports / "notes.txt").write_text("no report")
        self.create("--reports", self.reports, "--reports", self.images)
        self.assertEqual(self.labels(), {0: "Pneumonia"})
        self.assertEqual([name for reason, name in self.excluded() if reason == "report_unreadable"],
                         sorted([f"{uid}.dcm", whole.name]))

    def test_what_makes_no_sense_is_refused(self):
        self.assertIn("--labels", self.create(code=2, mapping=())["error"]["message"])
        self.assertIn("--finding", self.create("--reports", self.reports, code=2, mapping=())["error"]["message"])
        self.assertEqual(self.create("--reports", self.reports, code=1)["error"]["code"], "labels")
        self.assertFalse(self.set.exists())


class OwnReportsTest(HilumTest):
    """Hilum's own reports: what a model found counts only where asked for, and is what it found."""

    def test_labels_of_hilums_own_reports(self):
        self.start_node()
        phantoms = make_phantoms(self.folder / "phantoms", 3, 1)
        self.send(*phantoms)
        studies = {str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID): file for file in phantoms}
        reports = self.folder / "reports"
        reports.mkdir()
        expected = {}
        for study, results in self.await_results(list(studies)).items():
            report = next(result for result in results if result.is_report).dataset
            report.save_as(reports / f"{study}.dcm", write_like_original=False)
            found = [child.ConceptCodeSequence[0].CodeMeaning for item in report.ContentSequence
                     if item.ConceptNameCodeSequence[0].CodeMeaning == "Imaging Measurements"
                     for one in item.ContentSequence for child in one.ContentSequence
                     if child.ValueType == "CODE" and child.ConceptNameCodeSequence[0].CodeValue == "121071"]
            expected[studies[study].name] = "|".join(sorted(found)) or "None"
        ran = subprocess.run([str(BINARIES / "hilum"), "dataset", "create", "--output", str(self.folder / "set"), "--images",
                              str(self.folder / "phantoms"), "--reports", str(reports), "--split", "none", "--finding",
                              "pneumonia=Pneumonia", "--finding", "99HILUM:further-eval=Requires further evaluation", "--without-finding", "None",
                              "--include-unverified"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        with open(self.folder / "set" / "manifest.csv", encoding="utf-8", newline="") as lines:
            self.assertEqual({pathlib.Path(row["file"]).name: row["labels"] for row in csv.DictReader(lines)}, expected)


if __name__ == "__main__":
    unittest.main()
