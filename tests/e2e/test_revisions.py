"""A study of several images that trickle in: one report of all, and a revision for what came late."""

import pydicom

from hilum_harness import HilumTest, diagnoses, http, make_phantoms, variant, wait_until
from report_reading import content_items, predecessors


def evaluations(report):
    """The texts of the qualitative evaluations, in their order."""
    container = next(item for item in content_items(report) if item.get("ValueType") == "CONTAINER"
                     and item.ConceptNameCodeSequence[0].CodeValue == "C0034375")
    return [item.TextValue for item in container.ContentSequence if item.ValueType == "TEXT"]


class TricklingStudy(HilumTest):
    changes = {"study": {"idle_timeout": "3s", "max_wait": "60s"}}

    def setUp(self):
        super().setUp()
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1, 9, "--size", "400")
        self.study = str(pydicom.dcmread(phantom, stop_before_pixels=True).StudyInstanceUID)
        self.files = [self.folder / f"{number}.dcm" for number in range(5)]
        for file in self.files:
            variant(phantom, file, lambda d: setattr(d, "StudyInstanceUID", self.study))

    def reports(self):
        return [result.dataset for result in self.results().get(self.study, []) if result.is_report]

    def send_one_after_another(self, files):
        """Each after the one before it was analysed: the study is quiet between them, for less than idle_timeout."""
        for file in files:
            before = self.analysed()
            self.send(file)
            wait_until(lambda before=before: self.analysed() == before + 1, 30, "it is analysed")


class RevisionTest(TricklingStudy):
    def test_four_images_have_one_report_and_a_late_one_a_revision_that_names_it(self):
        self.send_one_after_another(self.files[:4])
        first, = wait_until(self.reports, 60, "the report")
        self.assertEqual(len(diagnoses(first)), 4)
        self.assertEqual(first.SeriesDescription, "AI chest report")
        self.assertNotIn("PredecessorDocumentsSequence", first)
        captures = {result.uid for result in self.await_results([self.study], per_study=5)[self.study]
                    if result.is_capture}

        self.send(self.files[4])
        found = self.await_results([self.study], per_study=7)[self.study]
        second = next(result for result in found if result.is_report and result.uid != first.SOPInstanceUID)
        self.assert_valid(second)
        second = second.dataset
        self.assertEqual(len(diagnoses(second)), 5)
        self.assertEqual(second.SeriesDescription, "AI chest report v2, replaces v1")
        self.assertNotEqual(second.SeriesInstanceUID, first.SeriesInstanceUID)
        self.assertIn("v2, replaces v1", evaluations(second))
        self.assertEqual(predecessors(second), [first.SOPInstanceUID])
        self.assertEqual(len(found), 7, "two reports and a capture of each image, none twice")
        self.assertLess(captures, {result.uid for result in found if result.is_capture})

    def test_a_pacs_that_lost_results_gets_the_newest_again(self):
        self.send_one_after_another(self.files[:2])
        self.await_results([self.study], per_study=3)
        self.send(self.files[2])
        found = self.await_results([self.study], per_study=5)[self.study]
        first = next(result for result in found if result.is_report and result.dataset.InstanceNumber == 1)
        for instance, result in self.results_by_instance.items():
            if result is not None:
                http(f"{self.pacs.url}/instances/{instance}", method="DELETE")
        self.results_by_instance.clear()
        resent = self.node.run("results", "resend", "--study", self.study)
        self.assertEqual((resent.returncode, resent.stdout.split(" ")[0]), (0, "4"), resent.stderr)
        again = {result.uid: result.bytes for result in self.await_results([self.study], per_study=4)[self.study]}
        self.assertEqual(again, {result.uid: result.bytes for result in found if result is not first})
        self.assertIn("results_resent", [event["type"] for event in self.audit_events()])
        unknown = self.node.run("results", "resend", "--study", "1.2.3")
        self.assertEqual(unknown.returncode, 1)


class NoRevisionTest(TricklingStudy):
    changes = {"study": {"idle_timeout": "3s", "max_wait": "60s", "revise": False}}

    def test_a_late_image_is_analysed_and_audited_and_the_first_report_stays_the_only_one(self):
        self.send_one_after_another(self.files[:4])
        self.await_results([self.study], per_study=5)
        self.send_one_after_another(self.files[4:])
        wait_until(lambda: [event for event in self.audit_events() if event["type"] == "report_not_revised"], 60,
                   "the audit trail tells")
        self.assertIn(b"hilum_reports_not_revised_total 1", http(f"{self.node.url}/metrics")[1])
        self.assertEqual(len(self.results()[self.study]), 5)
