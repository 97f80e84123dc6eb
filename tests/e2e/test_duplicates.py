"""The same instance sent again, with the same bytes and with others; and our own results sent back."""

import pydicom

from hilum_harness import HilumTest, make_phantoms, variant, wait_until
from report_reading import predecessors


class DuplicateTest(HilumTest):
    def setUp(self):
        super().setUp()
        self.start_node()
        self.file = make_phantoms(self.folder / "phantoms", 1, seed=31)[0]
        self.study = str(pydicom.dcmread(self.file, stop_before_pixels=True).StudyInstanceUID)

    def analyses(self):
        return [job for job in self.jobs() if job["kind"] == "analysis"]

    def changed(self, name, change):
        """The same instance with another header."""
        dataset = pydicom.dcmread(self.file)
        change(dataset)
        target = self.folder / name
        dataset.save_as(target)
        return target

    def test_the_same_bytes_again_make_no_new_job(self):
        for _ in range(3):
            self.send(self.file)
        found = self.await_results([self.study])
        self.assert_one_report_and_capture(found[self.study])
        self.assertEqual(len(self.analyses()), 1)
        spool = self.folder / "node" / "data" / "spool"
        self.assertEqual(len([file for file in spool.rglob("*") if file.is_file()]), 1)

    def test_the_same_bytes_after_the_report_make_no_new_report(self):
        self.send(self.file)
        self.await_results([self.study])
        self.send(self.file)
        fence = variant(self.file, self.folder / "fence.dcm")
        self.send(self.folder / "fence.dcm")  # whatever the resend could cause is caused before this is reported
        found = self.await_results([str(fence.StudyInstanceUID)])
        self.assert_one_report_and_capture(found[self.study])

    def test_a_header_changed_in_passing_is_kept_beside_the_old_and_not_analysed_again(self):
        self.send(self.file)
        self.await_results([self.study])
        self.send(self.changed("station.dcm", lambda d: setattr(d, "StationName", "MOVED")))
        self.assertEqual(len(self.analyses()), 1)
        spool = self.folder / "node" / "data" / "spool"
        self.assertEqual(len([file for file in spool.rglob("*") if file.is_file()]), 2, "both versions are kept")
        fence = variant(self.file, self.folder / "fence.dcm")
        self.send(self.folder / "fence.dcm")
        found = self.await_results([str(fence.StudyInstanceUID)])
        self.assert_one_report_and_capture(found[self.study])

    def test_a_changed_patient_is_analysed_again_and_reported_as_a_new_version(self):
        self.send(self.file)
        first = self.await_results([self.study])[self.study]
        self.send(self.changed("patient.dcm", lambda d: setattr(d, "PatientID", "CORRECTED")))
        found = self.await_results([self.study], per_study=4)[self.study]
        new = [result for result in found if result.uid not in {old.uid for old in first}]
        self.assert_one_report_and_capture(new)
        report = next(result for result in new if result.is_report).dataset
        self.assertEqual(report.PatientID, "CORRECTED")
        self.assertEqual(predecessors(report), [result.uid for result in first if result.is_report])

    def test_our_own_results_sent_back_are_taken_and_discarded(self):
        self.send(self.file)
        found = self.await_results([self.study])[self.study]
        for result in found:
            back = self.folder / f"{result.uid}.dcm"
            back.write_bytes(result.bytes)
            self.send(back, options=["-R"])
        fence = variant(self.file, self.folder / "fence.dcm")
        self.send(self.folder / "fence.dcm")
        again = self.await_results([str(fence.StudyInstanceUID)])
        self.assert_one_report_and_capture(again[self.study])
        self.assertEqual(len(self.analyses()), 2, "the radiograph and the fence")
        wait_until(lambda: self.reasons_of_discards() == ["own_result", "report"], 30, "two audited discards")

    def reasons_of_discards(self):
        return sorted(event["detail"]["reason"] for event in self.audit_events() if "reason" in event["detail"])
