"""Headers that are not as the standard has them: nothing of them is dropped in silence, and no child passes as grown-up."""

import json

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.sequence import Sequence

from test_headers import HeaderVariants as Variants
from test_headers import without


def without_voi_lut(dataset):
    """Says that it has a VOI LUT, and has none."""
    dataset.VOILUTSequence = Sequence([Dataset()])


def aged(age=None, birth_date=None):
    def change(dataset):
        without("PatientAge", "PatientBirthDate")(dataset)
        if age is not None:
            dataset.add_new("PatientAge", "AS", age)
        if birth_date is not None:
            dataset.add_new("PatientBirthDate", "DA", birth_date)
    return change


KEPT = {"SOPClassUID", "SOPInstanceUID", "SpecificCharacterSet"}  # storescu and pydicom must know them


def unknown_throughout(dataset):
    """As an archive writes it that was given implicit VR and knows no dictionary: all of it VR UN."""
    config.replace_un_with_known_vr = False  # or it would not write VR UN
    for element in list(dataset):
        if element.keyword in KEPT or element.VR == "UN":
            continue
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, True
        write_data_element(buffer, element, ["latin_1"])
        dataset[element.tag] = DataElement(element.tag, "UN", buffer.getvalue()[8:])


def texts_in(item):
    if item.get("ValueType") == "TEXT":
        yield item.TextValue
    for child in item.get("ContentSequence", []):
        yield from texts_in(child)


class OddHeaderTest(Variants):
    changes = {"study": {"report_not_analysed": "always"}}

    def notes_in_the_audit_trail(self, study):
        return [event["detail"]["notes"] for event in self.audit_events()
                if event["type"] == "analysed" and event["study_instance_uid"] == study]

    def test_what_was_not_used_is_told_everywhere(self):
        study = self.send_variant(without_voi_lut)
        results = self.await_results([study])[study]
        report = next(result for result in results if result.is_report)
        self.assert_valid(report)
        told = "A VOI LUT was not used: its item is empty."
        self.assertIn(f"image note={told}", list(texts_in(report.dataset)))
        note = {"code": "voi_lut", "text": told}
        self.assertEqual(self.notes_in_the_audit_trail(study), [[note]])

        file = self.folder / "variant-1.dcm"
        answered = self.node.run("predict", str(file))
        self.assertEqual(json.loads(answered.stdout)["notes"], [note], answered.stderr)
        status, body = self.node.ask("/api/v1/predict", file.read_bytes())
        self.assertEqual((status, json.loads(body)["notes"]), (200, [note]))

    def test_elements_of_unknown_vr_are_what_the_dictionary_says(self):
        plain = self.send_variant(lambda dataset: None)
        studies = []

        def change(dataset):
            studies.append(str(dataset.StudyInstanceUID))
            unknown_throughout(dataset)

        self.addCleanup(setattr, config, "replace_un_with_known_vr", True)
        self.send_variant(change)
        config.replace_un_with_known_vr = True
        unknown = studies[0]
        found = self.await_results([plain, unknown])
        self.assertEqual(str(self.outcome_of(found[unknown])), str(self.outcome_of(found[plain])))
        for result in found[unknown]:
            self.assert_valid(result)
            self.assertEqual(str(result.dataset.PatientName), str(found[plain][0].dataset.PatientName))

    def test_an_age_that_cannot_be_read_never_passes(self):
        def as_bytes(vr, value):
            def change(dataset):
                aged()(dataset)
                dataset.add_new("PatientAge", vr, value)
            return change

        self.check_outcomes({
            "a child's, as bytes": (as_bytes("OB", b"008Y"), "younger"),
            "a child's, as numbers": (as_bytes("SS", [int.from_bytes(two, "little") for two in (b"00", b"8Y")]), "younger"),
            "a grown-up's, as bytes": (as_bytes("OB", b"045Y"), None),
            "no unit": (aged("008"), "cannot be read"),
            "one digit": (aged("8"), "cannot be read"),
            "no date": (aged(birth_date="2018"), "cannot be read"),
            "a child's birth date with points": (aged(birth_date="2018.01.01"), "younger"),
            "a grown-up's birth date with hyphens": (aged(birth_date="1970-01-01"), None),
            "no unit, but a birth date": (aged("008", "19700101"), None),
            "neither": (aged(), None),
            "more than anybody reaches": (aged("238Y"), "cannot be read"),
            "more than anybody reaches, and a child's birth date": (aged("238Y", "20200101"), "younger"),
            "a template's, and a child's birth date": (aged("045Y", "20200101"), "contradict"),
            "none yet, and a grown-up's birth date": (aged("000Y", "19560412"), "contradict"),
        })
