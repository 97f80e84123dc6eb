"""Round trips with dcmjs: its DIMSE sends radiographs and takes the results, its reader says what is in them."""

import json
import shutil

import pydicom

from hilum_harness import (COMPREHENSIVE_3D_SR, MODEL, SECONDARY_CAPTURE, STORESCU_OPTION, HilumTest, Peer,
                           configuration, http, make_phantoms, radiographs, run_peer, variant, wait_until)

LABELS = {"Normal": ("17621005", "SCT"), "Pneumonia": ("233604007", "SCT"),
          "Requires further evaluation": ("further-eval", "99HILUM")}
PRESENT, ABSENT, INDETERMINATE = ("52101004", "SCT"), ("272519000", "SCT"), ("82334004", "SCT")
LUNG = ("39607008", "SCT")
MARGIN = 0.1  # output.indeterminate_margin of the package
PATIENT_AND_STUDY = ["PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "StudyInstanceUID", "StudyDate",
                     "StudyTime", "StudyID", "AccessionNumber", "StudyDescription"]
NAMES = ["PatientName", "ReferringPhysicianName"]


def dcm(value):
    return value, "DCM"


def code(read):
    """(value, scheme) of what dcmjs read; None stays None."""
    return read and (read["value"], read["scheme"])


def is_open(predicted):
    return predicted["diagnosis"] == "indeterminate"


def name(read):
    """A person's name as DICOM writes it, from dcmjs's groups."""
    groups = read[0] if read else {}
    return "=".join(groups.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")).rstrip("=")


class Item:
    """A content item as dcmjs read it."""

    def __init__(self, read):
        self.relationship, self.type, self.value = read.get("relationship"), read["type"], read["value"]
        self.concept = code(read.get("concept"))
        self.code = code(self.value) if self.type == "CODE" else None
        self.children = [Item(child) for child in read["children"]]

    @property
    def kind(self):
        return self.relationship, self.type, self.concept

    def all(self, *kind):
        return [child for child in self.children if child.kind == kind]

    def one(self, *kind):
        found = self.all(*kind)
        assert len(found) == 1, f"{len(found)} of {kind} among {[child.kind for child in self.children]}"
        return found[0]

    def images(self, relationship, concept=None):
        return [(image.value["sopClass"], image.value["sopInstance"])
                for image in self.all(relationship, "IMAGE", concept)]


class DcmjsTest(HilumTest):
    """A node whose PACS is a storage SCP of dcmjs-dimse."""

    def start_pacs(self):
        self.taken = self.folder / "taken"
        self.taken.mkdir()
        archive = Peer(self.folder / "pacs", "storage_scp.js", self.taken)
        self.addCleanup(archive.kill)
        return archive.start()

    def setUp(self):
        super().setUp()
        self.node.start()

    def predict(self, file):
        status, body = self.node.ask("/api/v1/predict", file.read_bytes(), "POST", timeout=120)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def read_results(self, studies, seconds=120):
        """{StudyInstanceUID: (report, capture)} as dcmjs reads what it was sent, each exactly once."""
        wait_until(lambda: len(list(self.taken.glob("*.dcm"))) >= 2 * len(studies), seconds,
                   f"results of {len(studies)} studies")
        found = {}
        for result in run_peer("read_dicom.js", *sorted(self.taken.glob("*.dcm"))):
            attributes = result["attributes"]
            found.setdefault(attributes["StudyInstanceUID"], {})[attributes["Modality"]] = result
        self.assertEqual({study: sorted(results) for study, results in found.items()},
                         {study: ["OT", "SR"] for study in studies})
        return {study: (results["SR"], results["OT"]) for study, results in found.items()}

    # ---- what a result must say ----

    def assert_belongs_to(self, result, source):
        attributes = result["attributes"]
        for keyword in PATIENT_AND_STUDY:
            self.assertEqual(attributes.get(keyword) or "", source.get(keyword) or "", keyword)
        for keyword in NAMES:
            self.assertEqual(name(attributes.get(keyword)), str(source.get(keyword, "")), keyword)
        self.assertNotEqual(attributes["SeriesInstanceUID"], source.SeriesInstanceUID)

    def assert_algorithm(self, item, predicted):
        model = predicted["model"]
        for concept, value in (("111001", model["name"]), ("111003", model["version"])):
            self.assertEqual(item.one("HAS CONCEPT MOD", "TEXT", dcm(concept)).value, value)
        parameters = [child.value.partition("=")[::2] for child in item.all("HAS CONCEPT MOD", "TEXT", dcm("111002"))]
        self.assertEqual(sorted(key for key, _ in parameters), sorted(
            ["weights SHA-256", "configuration SHA-256", "activation", "calibration", "indeterminate margin"]))
        self.assertLessEqual({("weights SHA-256", model["sha256"]), ("activation", "softmax")}, set(parameters))

    def assert_score(self, item, relationship, predicted, label):
        concept = dcm("122157") if predicted["calibrated"] else ("model-score", "99HILUM")
        score = item.one(relationship, "NUM", concept)
        self.assertAlmostEqual(score.value["number"], predicted["all_probabilities"][label], delta=1e-4)
        self.assertEqual(code(score.value["units"]), ("1", "UCUM"))
        return score

    def assert_observer_and_procedure(self, root, attributes, source, predicted):
        observer = {concept: root.one("HAS OBS CONTEXT", kind, dcm(concept)) for concept, kind in (
            ("121005", "CODE"), ("121012", "UIDREF"), ("121013", "TEXT"), ("121014", "TEXT"), ("121015", "TEXT"),
            ("121016", "TEXT"))}
        self.assertEqual(observer["121005"].code, dcm("121007"))
        self.assertEqual(observer["121012"].value, attributes["ContributingEquipmentSequence"][0]["DeviceUID"])
        self.assertEqual([observer[concept].value for concept in ("121013", "121014", "121015", "121016")],
                         ["Hilum", "Hilum", f"{predicted['model']['name']} {predicted['model']['version']}", "HILUM"])
        procedure = source.get("ProcedureCodeSequence")
        self.assertEqual(root.one("HAS CONCEPT MOD", "CODE", dcm("121058")).code,
                         (procedure[0].CodeValue, procedure[0].CodingSchemeDesignator) if procedure
                         else ("399208008", "SCT"))

    def assert_image_library(self, root, source):
        group = root.one("CONTAINS", "CONTAINER", dcm("111028")).one("CONTAINS", "CONTAINER", dcm("126200"))
        self.assertEqual(group.images("CONTAINS"), [(source.SOPClassUID, source.SOPInstanceUID)])
        image, = group.children
        self.assertEqual(image.one("HAS ACQ CONTEXT", "CODE", dcm("121139")).code, dcm(source.Modality))
        for concept, keyword in (("110910", "Rows"), ("110911", "Columns")):
            self.assertEqual(image.one("HAS ACQ CONTEXT", "NUM", dcm(concept)).value["number"], source[keyword].value)

    def assert_finding(self, group, source, predicted):
        label = predicted["diagnosis"]
        self.assertEqual(group.value["template"], "DCMR 1501")
        self.assertEqual(group.one("HAS OBS CONTEXT", "TEXT", dcm("112039")).value, f"{label} 1")
        self.assertRegex(group.one("HAS OBS CONTEXT", "UIDREF", dcm("112040")).value, r"^2\.25\.\d+$")
        self.assertEqual(group.one("CONTAINS", "CODE", dcm("121071")).code, LABELS[label])
        self.assertEqual(group.one("CONTAINS", "CODE", LABELS[label]).code, PRESENT)
        self.assertEqual([site.code for site in group.all("HAS CONCEPT MOD", "CODE", ("363698007", "SCT"))],
                         [LUNG] if label == "Pneumonia" else [])
        score = self.assert_score(group, "CONTAINS", predicted, label)
        self.assertEqual(score.images("INFERRED FROM", dcm("121112")), [(source.SOPClassUID, source.SOPInstanceUID)])
        self.assert_algorithm(group, predicted)

    def assert_evaluations(self, evaluations, source, predicted, has_finding):
        """The diagnosis, and each label that is not the diagnosis as absent or undecided, all with their scores."""
        self.assertEqual(evaluations.one("CONTAINS", "TEXT", ("notice", "99HILUM")).value, predicted["notice"])
        self.assertEqual(evaluations.one("CONTAINS", "CODE", dcm("111017")).code,
                         dcm("111242" if has_finding else "111245" if is_open(predicted) else "111241"))
        diagnosis = evaluations.one("CONTAINS", "CODE", ("ai-diagnosis", "99HILUM"))
        self.assertEqual(diagnosis.code, INDETERMINATE if is_open(predicted) else LABELS[predicted["diagnosis"]])
        scores = predicted["all_probabilities"]
        self.assert_score(diagnosis, "HAS PROPERTIES", predicted, max(scores, key=scores.get))
        self.assert_algorithm(diagnosis, predicted)
        others = {label: evaluations.one("CONTAINS", "CODE", concept) for label, concept in LABELS.items()
                  if label != predicted["diagnosis"]}
        for label, evaluation in others.items():
            is_close = is_open(predicted) and max(scores.values()) - scores[label] < MARGIN
            self.assertEqual(evaluation.code, INDETERMINATE if is_close else ABSENT, label)
            self.assert_score(evaluation, "HAS PROPERTIES", predicted, label)
        for statement in (diagnosis, *others.values()):
            self.assertEqual(statement.images("INFERRED FROM"), [(source.SOPClassUID, source.SOPInstanceUID)])
        self.assertEqual(len(evaluations.children), 3 + len(others))

    def assert_report(self, report, source, predicted):
        attributes, root = report["attributes"], Item(report["content"])
        self.assertEqual(attributes["SOPClassUID"], COMPREHENSIVE_3D_SR)
        self.assert_belongs_to(report, source)
        self.assertEqual((root.type, root.concept, root.value["template"]), ("CONTAINER", dcm("126000"), "DCMR 1500"))
        self.assertEqual(root.one("HAS CONCEPT MOD", "CODE", dcm("121049")).code, ("eng", "RFC5646"))
        self.assert_observer_and_procedure(root, attributes, source, predicted)
        self.assert_image_library(root, source)
        has_finding = predicted["diagnosis"] not in ("Normal", "indeterminate")
        measurements = root.all("CONTAINS", "CONTAINER", dcm("126010"))
        groups = [group for container in measurements for group in container.children]
        self.assertEqual([group.kind for group in groups], [("CONTAINS", "CONTAINER", dcm("125007"))] * has_finding)
        for group in groups:
            self.assert_finding(group, source, predicted)
        self.assert_evaluations(root.one("CONTAINS", "CONTAINER", ("C0034375", "UMLS")), source, predicted, has_finding)
        self.assertEqual(len(root.children), 10 + len(measurements))
        self.assertEqual((attributes["CompletionFlag"], attributes["VerificationFlag"]), ("COMPLETE", "UNVERIFIED"))
        evidence = attributes["CurrentRequestedProcedureEvidenceSequence"][0]["ReferencedSeriesSequence"][0]
        self.assertEqual(evidence["SeriesInstanceUID"], source.SeriesInstanceUID)
        self.assertEqual([instance["ReferencedSOPInstanceUID"] for instance in evidence["ReferencedSOPSequence"]],
                         [source.SOPInstanceUID])

    def assert_capture(self, capture, source):
        attributes = capture["attributes"]
        self.assert_belongs_to(capture, source)
        self.assertEqual(attributes["SOPClassUID"], SECONDARY_CAPTURE)
        self.assertEqual((attributes["SamplesPerPixel"], attributes["PhotometricInterpretation"],
                          attributes["BitsAllocated"]), (3, "RGB", 8))
        self.assertEqual(max(attributes["Rows"], attributes["Columns"]), 1280)
        self.assertEqual(capture["pixels"], attributes["Rows"] * attributes["Columns"] * 3)
        self.assertEqual(attributes["SourceImageSequence"][0]["ReferencedSOPInstanceUID"], source.SOPInstanceUID)

    def assert_results(self, files, seconds=120):
        sources = {file: pydicom.dcmread(file, stop_before_pixels=True) for file in files}
        found = self.read_results({str(source.StudyInstanceUID) for source in sources.values()}, seconds)
        for file, source in sources.items():
            with self.subTest(file=file.name):
                report, capture = found[str(source.StudyInstanceUID)]
                self.assert_report(report, source, self.predict(file))
                self.assert_capture(capture, source)


class ReaderTest(DcmjsTest):
    def test_results_of_each_diagnosis_say_what_predict_says(self):
        files = []
        for shown in ("normal", "pneumonia", "other"):
            files += make_phantoms(self.folder / shown, 1, 4, "--class", shown, "--size", "400", "--run", shown)
        self.assertEqual({self.predict(file)["diagnosis"] for file in files}, set(LABELS))
        self.send(*files)
        self.assert_results(files)

    def test_results_of_real_radiographs_say_what_predict_says(self):
        rows = radiographs()
        for file, row in rows:
            self.send(file, options=STORESCU_OPTION[row["encoding"]])
        self.assert_results([file for file, _ in rows], seconds=240)

    def test_names_in_many_scripts_are_read(self):
        phantom, = make_phantoms(self.folder / "phantoms", 1, 3, "--size", "400")
        files = []
        for character_set, patient_name in (
                ("ISO_IR 100", "Müller^Zoë"), ("ISO_IR 144", "Люкceмбypг"), ("ISO_IR 126", "Διονυσιος"),
                ("ISO_IR 192", "Yamada^Tarou=山田^太郎=やまだ^たろう")):
            def named(dataset, character_set=character_set, patient_name=patient_name):
                dataset.SpecificCharacterSet, dataset.PatientName = character_set, patient_name

            files.append(self.folder / f"{character_set[-3:]}.dcm")
            variant(phantom, files[-1], named)
        self.send(*files)
        self.assert_results(files)


class UncalibratedTest(DcmjsTest):
    def make_node(self, name="node", **changes):
        package = self.folder / "uncalibrated"
        shutil.copytree(MODEL, package)
        model = (package / "model.yaml").read_text()
        (package / "model.yaml").write_text(model[:model.index("calibration:")])
        base = json.loads(configuration(self.folder))["models"][0]
        return super().make_node(name, models=[{**base, "package": str(package)}], **changes)

    def test_a_score_that_is_not_calibrated_is_not_called_a_probability(self):
        phantom, = make_phantoms(self.folder / "phantoms", 1, 4, "--class", "pneumonia", "--size", "400")
        self.assertFalse(self.predict(phantom)["calibrated"])
        self.send(phantom)
        self.assert_results([phantom])


class SenderTest(DcmjsTest):
    """dcmjs-dimse as the modality."""

    def test_what_it_sends_is_analysed_and_comes_back(self):
        phantom, = make_phantoms(self.folder / "phantoms", 1, 4, "--class", "pneumonia", "--size", "400")

        def japanese(dataset):
            dataset.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"

        def implicit(dataset):
            dataset.PatientName = "Müller^Zoë"
            dataset.is_implicit_VR = True
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian

        files = [self.folder / "japanese.dcm", self.folder / "implicit.dcm"]
        variant(phantom, files[0], japanese)
        variant(phantom, files[1], implicit)
        files.append(phantom)
        self.assertEqual(run_peer("storage_scu.js", self.node.port, "HILUM", *files), {"echo": 0, "store": [0, 0, 0]})
        self.assert_results(files)

    def test_an_object_that_cannot_be_understood_is_answered_with_a_failure(self):
        phantom, = make_phantoms(self.folder / "phantoms", 1, 3, "--size", "400")
        variant(phantom, self.folder / "no-series.dcm", lambda dataset: delattr(dataset, "SeriesInstanceUID"))
        self.assertEqual(run_peer("storage_scu.js", self.node.port, "HILUM", self.folder / "no-series.dcm"),
                         {"echo": 0, "store": [0xA900]})
