"""What headers say: names in many scripts, and views, body parts and ages as the site is configured."""

import pydicom
from pydicom.data import get_charset_files

from hilum_harness import HilumTest, diagnoses, make_phantoms, variant


def without(*keywords):
    """A change that removes attributes."""
    def change(dataset):
        for keyword in keywords:
            if keyword in dataset:
                delattr(dataset, keyword)
    return change


class HeaderVariants(HilumTest):
    """Sends variants of one phantom and judges what comes back."""

    def setUp(self):
        super().setUp()
        self.start_node()
        self.phantom = make_phantoms(self.folder / "phantoms", 1, seed=3)[0]
        self.made = 0

    def send_variant(self, change):
        """The StudyInstanceUID of a variant of the phantom that was sent."""
        self.made += 1
        file = self.folder / f"variant-{self.made}.dcm"
        dataset = variant(self.phantom, file, change)
        self.send(file)
        return str(dataset.StudyInstanceUID)

    def outcome_of(self, results):
        reports = [result for result in results if result.is_report]
        self.assertEqual(len(reports), 1)
        outcomes = diagnoses(reports[0].dataset)
        self.assertEqual(len(outcomes), 1)
        return outcomes[0]

    def check_outcomes(self, cases):
        """cases: {description: (change, words of the reason, or None where a score is expected)}."""
        studies = {self.send_variant(change): (name, expected) for name, (change, expected) in cases.items()}
        found = self.await_results(studies)
        for study, (name, expected) in studies.items():
            with self.subTest(name):
                outcome = self.outcome_of(found[study])
                if expected is None:
                    self.assertTrue(outcome.analysed, outcome.reason)
                else:
                    self.assertFalse(outcome.analysed, outcome)
                    self.assertIn(expected, outcome.reason)
                    self.assertFalse(any(result.is_capture for result in found[study]))


class HeaderTest(HeaderVariants):
    changes = {"site": {"modality_aliases": {"DX": ["DR", "XR"]},
                        "body_part_aliases": {"CHEST": ["THORAX", "PORT CHEST"]}, "view_aliases": {"PA": ["P.A."]}},
               "study": {"report_not_analysed": "always"}}

    def test_names_in_every_character_set_come_back_readable(self):
        names = {}
        for file in get_charset_files("chr*.dcm"):
            source = pydicom.dcmread(file, force=True)
            if "PatientName" not in source or not str(source.PatientName):
                continue

            def with_name(dataset, source=source):
                dataset.SpecificCharacterSet = source.SpecificCharacterSet
                dataset.PatientName = str(source.PatientName)

            names[self.send_variant(with_name)] = (file.rpartition("/")[2], str(source.PatientName))
        self.assertGreater(len(names), 12)
        found = self.await_results(names, seconds=240)
        for study, (file, name) in names.items():
            for result in found[study]:
                with self.subTest(file=file, kind="SR" if result.is_report else "SC"):
                    self.assertEqual(str(result.dataset.PatientName), name)

    def test_local_words_for_body_part_and_view_are_understood(self):
        self.check_outcomes({
            "alias of the body part": (lambda d: setattr(d, "BodyPartExamined", "PORT CHEST"), None),
            "alias in lower case": (lambda d: setattr(d, "BodyPartExamined", "Thorax"), None),
            "alias of the view": (lambda d: setattr(d, "ViewPosition", "P.A."), None),
            "alias of the modality": (lambda d: setattr(d, "Modality", "DR"), None),
        })

    def test_codes_of_the_thorax_count_in_any_language(self):
        def coded(value, scheme, meaning):
            def change(dataset):
                without("BodyPartExamined")(dataset)
                region = pydicom.Dataset()
                region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = value, scheme, meaning
                dataset.AnatomicRegionSequence = [region]
            return change

        self.check_outcomes({
            "today's code": (coded("816094009", "SCT", "Thorax"), None),
            "the one before": (coded("51185008", "SCT", "Brustkorb"), None),
            "of SNOMED RT": (coded("T-D3000", "SNM3", "poitrine"), None),
            "lung": (coded("39607008", "SCT", "Lunge"), None),
            "hand": (coded("85562004", "SCT", "Hand"), "HAND"),
        })

    def test_a_misspelt_character_set_is_written_right(self):
        def misspelt(dataset):
            dataset.SpecificCharacterSet = "ISO_IR 192"
            dataset.PatientName = "Müller^Jürgen"

        file = self.folder / "misspelt.dcm"
        study = str(variant(self.phantom, file, misspelt).StudyInstanceUID)
        # pydicom writes no term that it does not know; the two have the same length.
        file.write_bytes(file.read_bytes().replace(b"ISO_IR 192", b"ISO IR 192"))
        self.send(file)
        for result in self.await_results([study])[study]:
            self.assertEqual(result.dataset.SpecificCharacterSet, "ISO_IR 192")
            self.assertEqual(str(result.dataset.PatientName), "Müller^Jürgen")

    def test_missing_values_are_judged_as_configured(self):
        self.check_outcomes({
            "no view": (without("ViewPosition", "ViewCodeSequence"), None),
            "no body part": (without("BodyPartExamined", "AnatomicRegionSequence"), "body part"),
            "no age": (without("PatientAge", "PatientBirthDate"), None),
        })

    def test_images_outside_the_intended_use_get_no_score(self):
        def child(dataset):
            dataset.PatientAge = "004Y"
            dataset.PatientBirthDate = str(int(str(dataset.StudyDate)[:4]) - 4) + "0101"

        def lateral(dataset):
            dataset.ViewPosition = "LATERAL"
            if "ViewCodeSequence" in dataset:
                del dataset.ViewCodeSequence

        def hand(dataset):
            dataset.BodyPartExamined = "HAND"
            if "AnatomicRegionSequence" in dataset:
                del dataset.AnatomicRegionSequence

        def lateral_by_its_code(dataset):
            dataset.ViewCodeSequence[0].CodeValue = "399173006"

        def hand_by_its_code(dataset):
            dataset.AnatomicRegionSequence[0].CodeValue = "85562004"

        def heatmap(dataset):
            dataset.ImageType = ["DERIVED", "SECONDARY", "", "HEATMAP"]

        self.check_outcomes({
            "lateral": (lateral, "LATERAL"),
            "lateral by its code": (lateral_by_its_code, "LL"),
            "hand by its code": (hand_by_its_code, "HAND"),
            "heatmap": (heatmap, "HEATMAP"),
            "child": (child, "18"),
            "hand": (hand, "HAND"),
        })


class RefusingSiteTest(HeaderVariants):
    changes = {"site": {"missing_view": "refuse", "missing_body_part": "analyse", "missing_age": "refuse"},
               "study": {"report_not_analysed": "always"}}

    def test_missing_values_are_judged_as_configured_there_too(self):
        self.check_outcomes({
            "no view": (without("ViewPosition", "ViewCodeSequence"), "view"),
            "no body part": (without("BodyPartExamined", "AnatomicRegionSequence"), None),
            "no age": (without("PatientAge", "PatientBirthDate"), "age"),
        })
