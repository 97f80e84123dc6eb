"""The main road: radiographs of every encoding go in, a report and a picture come back into their study."""

import pydicom

from hilum_harness import STORESCU_OPTION, HilumTest, diagnoses, make_phantoms, need, radiographs

PATIENT_AND_STUDY = ["PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "AccessionNumber"]


class RadiographRoad(HilumTest):
    def setUp(self):
        need("dciodvfy", "dsrdump")
        super().setUp()
        self.start_node()

    def assert_belongs_to(self, result, source):
        for keyword in PATIENT_AND_STUDY:
            self.assertEqual(result.dataset.get(keyword), source.get(keyword), keyword)
        self.assertEqual(str(result.dataset.get("PatientName", "")), str(source.get("PatientName", "")))
        self.assertNotEqual(result.dataset.SeriesInstanceUID, source.SeriesInstanceUID)

    def check_radiographs(self, send):
        sources = {}
        for file, row in radiographs():
            dataset = pydicom.dcmread(file, stop_before_pixels=True)
            sources[str(dataset.StudyInstanceUID)] = (dataset, row)
            send(file, row)
        found = self.await_results(sources, seconds=240)
        for study, (source, row) in sources.items():
            with self.subTest(file=row["file"]):
                reports = [result for result in found[study] if result.is_report]
                captures = [result for result in found[study] if result.is_capture]
                self.assertEqual(len(reports), 1)
                outcomes = diagnoses(reports[0].dataset)
                self.assertEqual(len(outcomes), 1)
                self.assertTrue(outcomes[0].analysed, outcomes[0].reason)
                self.assertTrue(0 <= outcomes[0].score <= 1)
                self.assertEqual(len(captures), 1)
                for result in found[study]:
                    self.assert_belongs_to(result, source)
                    self.assert_valid(result)


class SentRadiographTest(RadiographRoad):
    def test_all_24_radiographs_sent_by_storescu_come_back(self):
        self.check_radiographs(lambda file, row: self.send(file, options=STORESCU_OPTION[row["encoding"]]))


class RoutedRadiographTest(RadiographRoad):
    routes = True

    def test_all_24_radiographs_routed_by_orthanc_come_back(self):
        self.check_radiographs(lambda file, row: self.pacs.store(file))


class CaptureTest(HilumTest):
    def test_the_picture_is_legible_in_size_and_never_taken_for_a_radiograph(self):
        self.start_node()
        files = make_phantoms(self.folder / "phantoms", 1, 7, "--class", "pneumonia")
        self.send(*files)
        study = str(pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID)
        results = self.await_results([study])[study]
        capture = next(result for result in results if result.is_capture).dataset
        report = next(result for result in results if result.is_report).dataset
        self.assertEqual([outcome.text for outcome in diagnoses(report)], ["Pneumonia"])
        self.assertEqual(max(capture.Rows, capture.Columns), 1280)
        self.assertEqual(capture.Modality, "OT")
        self.assertEqual(capture.SamplesPerPixel, 3)
        self.assertEqual(list(capture.ImageType)[:2], ["DERIVED", "SECONDARY"])
        self.assertEqual(capture.SeriesNumber, 9002)
        pixels = capture.pixel_array
        # The middle is radiograph only: banner and table are above and below it.
        middle = pixels[capture.Rows // 5:capture.Rows // 2].astype(int)
        self.assertGreater(middle[..., 1].std(), 10, "the radiograph is there")
        coloured = abs(middle[..., 0] - middle[..., 2]) > 20
        self.assertGreater(coloured.mean(), 0.005, "the activation map has colour")
        self.assertLess(coloured.mean(), 0.7, "the activation map leaves most of the radiograph alone")
