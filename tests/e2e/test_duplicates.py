"""The same instance sent again, with the same bytes and with others; and our own results sent back."""

import datetime
import json

import pydicom

from hilum_harness import (HilumTest, configuration, make_phantoms, merged, store, store_statuses, variant,
                           wait_until)


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

    def test_a_changed_patient_is_reported_anew_once_the_other_was_taken_back(self):
        self.send(self.file)
        first = self.await_results([self.study])[self.study]
        wrong = str(pydicom.dcmread(self.file, stop_before_pixels=True).PatientID)
        self.send(self.changed("patient.dcm", lambda d: setattr(d, "PatientID", "CORRECTED")))
        found = self.await_results([self.study], per_study=5)[self.study]
        new = [result for result in found if result.uid not in {old.uid for old in first}]
        note, = self.notes_in(new)
        self.assert_valid(note)
        self.assertEqual(note.dataset.PatientID, wrong)
        self.assertEqual(note.dataset.ConceptNameCodeSequence[0].CodeValue, "113038")
        named = {instance.ReferencedSOPInstanceUID for study in note.dataset.CurrentRequestedProcedureEvidenceSequence
                 for series in study.ReferencedSeriesSequence for instance in series.ReferencedSOPSequence}
        self.assertEqual(named, {result.uid for result in first})
        reported = [result for result in new if result is not note]
        self.assert_one_report_and_capture(reported)
        report = next(result for result in reported if result.is_report).dataset
        self.assertEqual(report.PatientID, "CORRECTED")
        self.assertNotIn("PredecessorDocumentsSequence", report, "it replaces nothing of another patient's")
        self.assertIn("patient_changed", [event["detail"]["reason"] for event in self.audit_events()
                                          if event["type"] == "results_withdrawn"])

    def notes_in(self, results):
        return [result for result in results if result.dataset.Modality == "KO"]

    def test_a_corrected_order_number_reaches_the_results(self):
        self.send(self.file)
        first = self.await_results([self.study])[self.study]

        def with_order(dataset):
            request = pydicom.Dataset()
            request.RequestedProcedureID = "RP7"
            dataset.RequestAttributesSequence = [request]

        self.send(self.changed("order.dcm", with_order))
        found = self.await_results([self.study], per_study=4)[self.study]
        report = next(result for result in found
                      if result.is_report and result.uid not in {old.uid for old in first}).dataset
        self.assertEqual(report.ReferencedRequestSequence[0].RequestedProcedureID, "RP7")

    def test_a_wrong_patient_taken_back_by_the_first_version_is_reported_of_the_first(self):
        self.send(self.file)
        self.await_results([self.study])
        right = str(pydicom.dcmread(self.file, stop_before_pixels=True).PatientID)
        wrong = self.changed("wrong.dcm", lambda d: setattr(d, "PatientID", "SOMEBODY ELSE"))
        self.send(wrong)
        self.await_results([self.study], per_study=5)
        self.send(self.file)
        third = self.await_results([self.study], per_study=8)[self.study]
        reports = sorted((result.dataset for result in third if result.is_report), key=lambda d: int(d.InstanceNumber))
        self.assertEqual([report.PatientID for report in reports], [right, "SOMEBODY ELSE", right])
        self.assertEqual(len({report.SOPInstanceUID for report in reports}), 3)
        self.assertFalse([report for report in reports if "PredecessorDocumentsSequence" in report])
        self.assertCountEqual([note.dataset.PatientID for note in self.notes_in(third)], [right, "SOMEBODY ELSE"])
        self.assertEqual(len({result.uid for result in third if result.is_capture}), 3, "the first is withdrawn")
        self.send(self.file)
        fence = variant(self.file, self.folder / "fence.dcm")
        self.send(self.folder / "fence.dcm")
        found = self.await_results([str(fence.StudyInstanceUID)])
        self.assertEqual(len(found[self.study]), 8, "the same as the newest is a duplicate")

    def test_an_image_moved_to_another_study_takes_its_finding_along(self):
        self.send(self.file)
        first = self.await_results([self.study])[self.study]

        def move(dataset):
            dataset.StudyInstanceUID = self.study + ".9"
            dataset.PatientID = "SOMEBODY ELSE"
        self.send(self.changed("moved.dcm", move))
        found = self.await_results([self.study + ".9"])
        self.assert_one_report_and_capture(found[self.study + ".9"])
        left = self.await_results([self.study], per_study=3)[self.study]
        note, = [result for result in left if result.uid not in {old.uid for old in first}]
        self.assert_valid(note)
        self.assertEqual(note.dataset.ConceptNameCodeSequence[0].CodeValue, "113038")
        self.assertNotEqual(note.dataset.PatientID, "SOMEBODY ELSE")
        self.assertIn("instance_moved", {event["type"] for event in self.audit_events()})
        self.send(self.file)
        back = self.await_results([self.study, self.study + ".9"], per_study=3)
        wait_until(lambda: len(self.results()[self.study]) == 5, 60, "what is reported once it is back")
        self.assertEqual(len(back[self.study + ".9"]), 3, "what was said of the other study is withdrawn")

    def test_images_of_two_patients_in_one_study_make_no_report_until_they_are_of_one(self):
        second = self.folder / "second.dcm"

        def other(dataset):
            dataset.StudyInstanceUID, dataset.PatientID = self.study, "SOMEBODY ELSE"
        variant(self.file, second, other)
        self.send(self.file, second)

        def failed():
            return [job for job in self.jobs() if job["kind"] == "report" and job["state"] == "quarantined"]
        report, = wait_until(failed, 60, "the report is set aside")
        self.assertIn("name different patients", report["error"])
        self.assertNotIn("SOMEBODY", report["error"])
        self.assertEqual(self.results().get(self.study, []), [])
        right = pydicom.dcmread(self.file, stop_before_pixels=True).PatientID
        corrected = pydicom.dcmread(second)
        corrected.PatientID = right
        corrected.save_as(self.folder / "corrected.dcm")
        self.send(self.folder / "corrected.dcm")
        found = self.await_results([self.study], per_study=3)[self.study]
        self.assertEqual({str(result.dataset.PatientID) for result in found}, {right})

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


class PriorTest(HilumTest):
    """Stored and not analysed, because its Study Date was old when it came."""

    changes = {"study": {"max_age": "7d"}}

    def setUp(self):
        super().setUp()
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1, seed=33)
        self.file = self.folder / "prior.dcm"
        self.study = str(variant(phantom, self.file, lambda d: setattr(d, "StudyDate", "20100102")).StudyInstanceUID)
        self.send(self.file)

    def listed(self, *options):
        answered = self.node.run("jobs", "list", "--study", self.study, "--json", *options)
        self.assertEqual(answered.returncode, 0, answered.stderr)
        return json.loads(answered.stdout)["jobs"]

    def test_the_list_of_jobs_says_why_it_is_not_analysed(self):
        job, = self.listed()
        self.assertEqual(job["state"], "prior")
        self.assertRegex(job["error"], r"^received, not analysed: Study Date 20100102 was more than study.max_age \(7d 0h\)")
        self.assertIn("received, not analysed: Study",
                      self.node.run("jobs", "list", "--study", self.study).stdout)
        shown = self.node.run("jobs", "show", f"instance/{job['id']}").stdout
        self.assertIn("received, not analysed: Study Date 20100102", " ".join(shown.split()))
        self.send(self.file)
        self.assertEqual(self.listed(), [job], "the same again under the same rule changes nothing")

    def test_it_is_analysed_when_it_is_sent_again_under_a_right_setting(self):
        self.node.stop()
        self.node.configure(configuration(self.folder / "node" / "data", self.pacs.port,
                                          **merged(self.changes, {"study": {"max_age": "none"}})))
        self.start_node()
        self.send(self.file)
        found = self.await_results([self.study])
        self.assert_one_report_and_capture(found[self.study])

    def test_it_is_analysed_when_it_is_sent_again_with_a_right_date(self):
        dataset = pydicom.dcmread(self.file)
        dataset.StudyDate = datetime.date.today().strftime("%Y%m%d")
        dataset.save_as(self.file)
        self.send(self.file)
        found = self.await_results([self.study])
        self.assert_one_report_and_capture(found[self.study])

    def test_an_operator_has_it_analysed_by_study(self):
        self.have_it_analysed("--study", self.study)

    def test_an_operator_has_it_analysed_by_name(self):
        job, = self.listed()
        self.have_it_analysed(f"instance/{job['id']}")

    def have_it_analysed(self, *which):
        retried = self.node.run("jobs", "retry", *which)
        self.assertEqual(retried.returncode, 0, retried.stderr)
        found = self.await_results([self.study])
        self.assert_one_report_and_capture(found[self.study])
        self.assertNotIn("prior", [job["state"] for job in self.listed()])
        self.assertIn("prior_analysed", [event["type"] for event in self.audit_events()])


class CallerTest(HilumTest):
    """A destination `from` a PACS, and a modality that sends the images before that forwards them."""

    changes = {"destinations": [{
        "name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": 1, "first_delay": "200ms",
        "longest_delay": "1s", "timeout": "10s", "from": ["FORWARDER"]}]}

    def make_node(self, name="node", **changes):
        destination = {**self.changes["destinations"][0], "port": self.pacs.port}
        return super().make_node(name, destinations=[destination], **changes)

    def test_what_is_forwarded_after_the_report_gets_its_results(self):
        self.start_node()
        file, = make_phantoms(self.folder / "phantoms", 1, seed=35)
        study = str(pydicom.dcmread(file, stop_before_pixels=True).StudyInstanceUID)
        self.send(file)
        wait_until(lambda: [job for job in self.jobs() if (job["kind"], job["state"]) == ("report", "composed")], 60,
                   "the report, which is for nobody")
        self.assertEqual(self.results(), {})
        forwarded = store(self.node.port, file, calling="FORWARDER")
        self.assertEqual(store_statuses(forwarded), ["Success"])
        found = self.await_results([study])
        self.assert_one_report_and_capture(found[study])
