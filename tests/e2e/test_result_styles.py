"""What each destination may ask for: a grey capture with a presentation state, activation regions in the report."""

from hilum_harness import HilumTest, make_phantoms, wait_until

PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"


def content_items(item):
    yield item
    for child in item.get("ContentSequence", []):
        yield from content_items(child)


def regions(report):
    return [item for item in content_items(report) if item.get("ValueType") == "SCOORD"]


class ResultStylesTest(HilumTest):
    def start_with(self, **reports):
        self.node = self.make_node("styles", destinations=[{
            "name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": self.pacs.port,
            "first_delay": "200ms", "longest_delay": "1s", "timeout": "10s", **reports}])
        self.start_node()

    def results_of_a_phantom(self, count):
        phantom, = make_phantoms(self.folder / "phantoms", 1, 4, "--class", "pneumonia")
        self.send(phantom)
        return wait_until(lambda: next((found for found in self.results().values() if len(found) >= count), None),
                          60, f"{count} results")

    def test_a_destination_gets_a_grey_capture_and_the_state_that_lies_over_it(self):
        self.start_with(sc={"style": "presentation_state"})
        results = self.results_of_a_phantom(3)
        for result in results:
            self.assert_valid(result)
        state, = [result.dataset for result in results if result.dataset.SOPClassUID == PRESENTATION_STATE]
        capture, = [result.dataset for result in results if result.is_capture]
        self.assertEqual(capture.PhotometricInterpretation, "MONOCHROME2")
        self.assertEqual(state.StudyInstanceUID, capture.StudyInstanceUID)
        series = state.ReferencedSeriesSequence[0]
        self.assertEqual(series.SeriesInstanceUID, capture.SeriesInstanceUID)
        self.assertEqual(series.ReferencedImageSequence[0].ReferencedSOPInstanceUID, capture.SOPInstanceUID)
        self.assertEqual([layer.GraphicLayer for layer in state.GraphicLayerSequence], ["AI_RESULT", "AI_ACTIVATION"])
        report, = [result.dataset for result in results if result.is_report]
        self.assertEqual(regions(report), [])

    def test_a_report_has_activation_regions_where_they_are_asked_for(self):
        self.start_with(sr={"activation_region": True})
        results = self.results_of_a_phantom(2)
        self.assert_one_report_and_capture(results)
        report, = [result for result in results if result.is_report]
        self.assert_valid(report)
        found = regions(report.dataset)
        self.assertTrue(found)
        for region in found:
            self.assertEqual(region.ConceptNameCodeSequence[0].CodeMeaning, "Activation region (bounding box)")
            self.assertEqual(region.GraphicType, "POLYLINE")

    def test_a_destination_gets_its_language_in_its_character_set(self):
        self.start_with(language="de", character_set="latin1")
        results = self.results_of_a_phantom(2)
        self.assert_one_report_and_capture(results)
        for result in results:
            self.assert_valid(result)
            self.assertEqual(result.dataset.SpecificCharacterSet, "ISO_IR 100")
        report, = [result.dataset for result in results if result.is_report]
        language = next(item for item in content_items(report)
                        if "ConceptNameCodeSequence" in item and item.ConceptNameCodeSequence[0].CodeValue == "121049")
        self.assertEqual(language.ConceptCodeSequence[0].CodeValue, "de")
