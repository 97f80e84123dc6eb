"""Which studies get a report, and who can hold one up."""

import json
import re
import shutil

import pydicom

from hilum_harness import MODEL, HilumTest, diagnoses, http, make_phantoms, variant, wait_until

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


def as_ct(dataset):
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CT_IMAGE_STORAGE
    dataset.Modality = "CT"


class MisroutedTest(HilumTest):
    changes = {"study": {"report_not_analysed": "always"}}

    def test_a_misrouted_ct_is_kept_and_causes_no_report(self):
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1)
        variant(phantom, self.folder / "ct.dcm", as_ct)
        self.send(self.folder / "ct.dcm")
        wait_until(lambda: re.search(rb"(?m)^hilum_reports_suppressed_total\{.*\} 1$", http(f"{self.node.url}/metrics")[1]),
                   60, "the study is looked at")
        jobs = self.jobs()
        self.assertEqual([(job["kind"], job["state"]) for job in jobs], [("analysis", "not_analysed")])

    def test_a_ct_beside_a_radiograph_is_not_in_its_report(self):
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1)
        study = str(pydicom.dcmread(phantom, stop_before_pixels=True).StudyInstanceUID)

        def in_the_study(dataset):
            as_ct(dataset)
            dataset.StudyInstanceUID = study

        variant(phantom, self.folder / "ct.dcm", in_the_study)
        self.send(self.folder / "ct.dcm", phantom, options=["-xi"])
        report = next(result for result in self.await_results([study])[study] if result.is_report).dataset
        evidence = [instance.ReferencedSOPClassUID
                    for item in report.CurrentRequestedProcedureEvidenceSequence
                    for series in item.ReferencedSeriesSequence for instance in series.ReferencedSOPSequence]
        self.assertNotIn(CT_IMAGE_STORAGE, evidence)
        self.assertEqual(len(evidence), 1)


class BrokenShadowTest(HilumTest):
    def test_a_shadow_model_that_cannot_run_holds_up_no_report(self):
        broken = self.folder / "broken"
        shutil.copytree(MODEL, broken)
        with open(broken / "model.pt", "ab") as weights:
            weights.write(b"x")
        models = json.loads(self.node.configuration_file.read_text())["models"]
        settings = json.loads(self.node.configuration_file.read_text())
        settings["models"] = models + [{**models[0], "package": str(broken), "mode": "shadow"}]
        self.node.configure(json.dumps(settings))
        self.node.start(inferring=False)
        self.pacs.know("hilum", "HILUM", self.node.port)
        phantom, = make_phantoms(self.folder / "phantoms", 1)
        self.send(phantom)
        study = str(pydicom.dcmread(phantom, stop_before_pixels=True).StudyInstanceUID)
        self.assert_one_report_and_capture(self.await_results([study])[study])


class ShownTest(HilumTest):
    def test_jobs_are_shown_by_accession_number(self):
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1)
        self.send(phantom)
        header = pydicom.dcmread(phantom, stop_before_pixels=True)
        self.await_results([str(header.StudyInstanceUID)])
        shown = self.node.run("jobs", "show", "--accession", header.AccessionNumber)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for word in ("analysis", "report", "delivery", "instance_received"):
            self.assertIn(word, shown.stdout)
        self.assertEqual(self.node.run("jobs", "show", "--accession", "NOBODYS").stdout, "no jobs\n")


class PredictTest(HilumTest):
    def test_predict_says_the_same_on_the_command_line_over_http_and_in_the_report(self):
        self.start_node()
        phantom, = make_phantoms(self.folder / "phantoms", 1, 7, "--class", "pneumonia")
        ran = self.node.run("predict", "--json", phantom)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        said = json.loads(ran.stdout)
        said = said[0] if isinstance(said, list) else said
        status, body = self.node.ask("/api/v1/predict", phantom.read_bytes(), "POST")
        self.assertEqual(status, 200, body)
        served = json.loads(body)
        self.send(phantom)
        study = str(pydicom.dcmread(phantom, stop_before_pixels=True).StudyInstanceUID)
        report = next(result for result in self.await_results([study])[study] if result.is_report).dataset
        reported, = diagnoses(report)
        for answer in (said, served):
            self.assertEqual(answer["diagnosis"], "Pneumonia")
            self.assertAlmostEqual(answer["confidence"], reported.score, delta=1e-4)
            self.assertAlmostEqual(sum(answer["all_probabilities"].values()), 1, delta=1e-6)
            self.assertTrue({"name", "version", "sha256"} <= set(answer["model"]))
