"""Results that went wrong are taken back: who has them is told, who has not gets none."""

import pydicom

from hilum_harness import HilumTest, make_phantoms, variant, wait_until
from report_reading import content_items

KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.88.59"


class WithdrawalTest(HilumTest):
    def setUp(self):
        super().setUp()
        self.start_node()
        self.file, = make_phantoms(self.folder / "phantoms", 1, seed=41)
        self.study = str(pydicom.dcmread(self.file, stop_before_pixels=True).StudyInstanceUID)

    def withdraw(self, *options):
        return self.node.run("results", "withdraw", "--study", self.study, "--reason", "quality", "--yes", *options)

    def of_class(self, sop_class):
        return [result for result in self.results().get(self.study, []) if result.dataset.SOPClassUID == sop_class]

    def report_and_capture(self):
        self.send(self.file)
        return self.await_results([self.study])[self.study]

    def await_deliveries(self, states):
        def found():
            return sorted(job["state"] for job in self.jobs() if job["kind"] == "delivery")
        wait_until(lambda: found() == sorted(states), 60, f"deliveries {states}")

    def test_the_pacs_gets_a_note_that_names_each_result(self):
        results = self.report_and_capture()
        done = self.withdraw("--note", "the wrong model was loaded")
        self.assertEqual(done.returncode, 0, done.stderr)
        note, = wait_until(lambda: self.of_class(KEY_OBJECT), 60, "the note")
        self.assert_valid(note)
        self.assertEqual(note.dataset.Modality, "KO")
        self.assertEqual(note.dataset.ConceptNameCodeSequence[0].CodeValue, "113001")
        named = {item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in content_items(note.dataset)
                 if "ReferencedSOPSequence" in item}
        self.assertEqual(named, {result.uid for result in results})
        evidence = {str(instance.ReferencedSOPInstanceUID)
                    for study in note.dataset.CurrentRequestedProcedureEvidenceSequence
                    for series in study.ReferencedSeriesSequence for instance in series.ReferencedSOPSequence}
        self.assertEqual(evidence, named)
        texts = [item.TextValue for item in content_items(note.dataset) if item.get("ValueType") == "TEXT"]
        self.assertIn("the wrong model was loaded", texts[0])
        event, = [event for event in self.audit_events() if event["type"] == "results_withdrawn"]
        self.assertEqual(event["detail"]["reason"], "quality")

        again = self.withdraw()
        self.assertEqual(again.returncode, 1)
        self.assertIn("no results that stand", again.stderr)

    def test_a_late_image_brings_nothing_back_and_a_new_analysis_does_under_other_uids(self):
        before = {result.uid for result in self.report_and_capture()}
        self.assertEqual(self.withdraw().returncode, 0)
        wait_until(lambda: self.of_class(KEY_OBJECT), 60, "the note")
        late = self.folder / "late.dcm"
        variant(self.file, late, lambda dataset: setattr(dataset, "StudyInstanceUID", self.study))
        self.send(late)
        wait_until(lambda: any(event["type"] == "report_not_revised" for event in self.audit_events()), 60,
                   "that no report was made")
        self.assertEqual(len(self.results()[self.study]), 3)

        analysis = min(job["id"] for job in self.jobs() if job["kind"] == "analysis")
        self.assertEqual(self.node.run("jobs", "retry", f"analysis/{analysis}").returncode, 0)
        found = self.await_results([self.study], per_study=6)[self.study]
        anew = [result for result in found if result.uid not in before and result.dataset.SOPClassUID != KEY_OBJECT]
        self.assertEqual(sorted("sr" if result.is_report else "sc" for result in anew), ["sc", "sc", "sr"])
        report = next(result for result in anew if result.is_report)
        self.assert_valid(report)
        self.assertNotIn("PredecessorDocumentsSequence", report.dataset)

    def test_what_waits_for_a_destination_is_not_sent(self):
        self.assertEqual(self.node.run("destinations", "pause", "pacs").returncode, 0)
        self.send(self.file)
        self.await_deliveries(["queued", "queued"])
        self.assertEqual(self.withdraw().returncode, 0)
        self.await_deliveries(["discarded", "discarded"])
        self.assertEqual(self.node.run("destinations", "resume", "pacs").returncode, 0)
        second, = make_phantoms(self.folder / "second", 1, seed=42)
        self.send(second)
        other = str(pydicom.dcmread(second, stop_before_pixels=True).StudyInstanceUID)
        self.await_results([other])
        self.assertNotIn(self.study, self.results())

    def test_a_pacs_that_is_being_sent_them_again_is_told_too(self):
        self.report_and_capture()
        self.assertEqual(self.node.run("destinations", "pause", "pacs").returncode, 0)
        self.assertEqual(self.node.run("results", "resend", "--study", self.study).returncode, 0)
        self.assertEqual(self.withdraw().returncode, 0)
        self.assertEqual(self.node.run("destinations", "resume", "pacs").returncode, 0)
        note, = wait_until(lambda: self.of_class(KEY_OBJECT), 60, "the note")
        self.assertEqual(len(note.dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence), 2)

    def test_images_that_are_all_being_analysed_again_do_not_hide_it(self):
        self.report_and_capture()
        self.assertEqual(self.node.run("destinations", "pause", "pacs").returncode, 0)
        changed = self.folder / "changed.dcm"
        dataset = pydicom.dcmread(self.file)
        dataset.ViewPosition = "LL"  # under the same UID: the image that was reported is superseded
        dataset.StudyDate = "20000101"
        dataset.save_as(changed)
        self.send(changed)
        self.assertEqual(self.withdraw().returncode, 0)
        self.assertEqual(self.node.run("destinations", "resume", "pacs").returncode, 0)
        self.assertEqual(len(wait_until(lambda: self.of_class(KEY_OBJECT), 60, "the note")), 1)

    def test_a_node_that_dies_meanwhile_withdraws_all_the_same(self):
        self.report_and_capture()
        self.pacs.stop()
        self.assertEqual(self.withdraw().returncode, 0)
        self.node.kill()
        self.node.start()
        self.pacs.start()
        self.pacs.know("hilum", "HILUM", self.node.port)
        self.assertEqual(len(wait_until(lambda: self.of_class(KEY_OBJECT), 60, "the note")), 1)
