"""Images of several frames: each analysed, or the first, as the model's package says; one report and no frame twice."""

import json
import shutil

import pydicom

from hilum_harness import MODEL, HilumTest, diagnoses, make_phantoms, variant, wait_until
from processes import is_alive
from report_reading import content_items

MULTI_FRAME_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7.3"  # of grayscale words


def upside_down(pixels, dataset):
    row = dataset.Columns * dataset.BitsAllocated // 8
    return b"".join(pixels[i:i + row] for i in range(len(pixels) - row, -1, -row))


def frames_referenced(dataset):
    """What the images that a report or capture names say of the frame: None where all are meant."""
    items = [reference for item in content_items(dataset) if item.get("ValueType") == "IMAGE"
             for reference in item.ReferencedSOPSequence] + list(dataset.get("SourceImageSequence", []))
    return [item.get("ReferencedFrameNumber") for item in items]


class FramesTest(HilumTest):
    frames = "each"
    size = 256
    changes = {"study": {"report_not_analysed": "always"}}

    def setUp(self):
        super().setUp()
        package = self.folder / "model"
        shutil.copytree(MODEL, package)
        yaml = package / "model.yaml"
        text = yaml.read_text()
        self.assertIn("  frames: first\n", text)
        yaml.write_text(text.replace("  frames: first\n", f"  frames: {self.frames}\n"))
        self.node = self.make_node("node", models=[{"package": str(package), "device": "cpu", "threads": 1,
                                                    "batch": {"max_size": 1}}])
        self.phantom, = make_phantoms(self.folder / "phantoms", 1, 3, "--class", "pneumonia", "--size", str(self.size))
        self.pixels = pydicom.dcmread(self.phantom).PixelData
        self.turned = upside_down(self.pixels, pydicom.dcmread(self.phantom))
        self.blank = bytes(len(self.pixels))

    def image_of(self, *frames):
        """A file with these frames, and the UID of its study."""
        def fill(dataset):
            dataset.PixelData = b"".join(frames)
            dataset.NumberOfFrames = len(frames)
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MULTI_FRAME_SECONDARY_CAPTURE

        file = self.folder / f"{len(frames)}-frames.dcm"
        return file, str(variant(self.phantom, file, fill).StudyInstanceUID)

    def prediction_of(self, pixels):
        """What the model says of an image with these pixels alone."""
        file = self.folder / "single.dcm"
        variant(self.phantom, file, lambda dataset: setattr(dataset, "PixelData", pixels))
        ran = self.node.run("predict", file)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads(ran.stdout)

    def analyses(self):
        return [job for job in self.jobs() if job["kind"] == "analysis"]

    def reported(self, study, captures):
        """The report and the captures of a study that has as many."""
        found = self.await_results([study], per_study=1 + captures)[study]
        report, = [result for result in found if result.is_report]
        self.assertEqual(len(found), 1 + captures)
        return report, [result for result in found if result.is_capture]


class EachFrameTest(FramesTest):
    def test_each_frame_is_reported_as_an_image_of_its_own_would_be(self):
        self.start_node()
        file, study = self.image_of(self.pixels, self.turned, self.blank)
        self.send(file)
        report, captures = self.reported(study, 2)
        first, second, third = diagnoses(report.dataset)
        for diagnosis, pixels in ((first, self.pixels), (second, self.turned)):
            alone = self.prediction_of(pixels)
            self.assertEqual(diagnosis.text, alone["diagnosis"])
            self.assertAlmostEqual(diagnosis.score, alone["confidence"], delta=1e-4)
        self.assertNotAlmostEqual(first.score, second.score, delta=1e-3)
        self.assertFalse(third.analysed)
        self.assertTrue(third.reason.startswith("Not analysed: frame 3 of 3: "), third.reason)
        self.assertEqual([diagnosis.frame for diagnosis in (first, second, third)], [1, 2, 3])
        self.assertEqual([frame for frame in frames_referenced(report.dataset) if frame is None], [None],
                         "the image library lists the image once, and whole")
        self.assertEqual(sorted(frames_referenced(capture.dataset) for capture in captures), [[1], [2]])
        self.assertEqual(sorted(job["frame"] for job in self.analyses()), [1, 2, 3])
        for result in [report, *captures]:
            self.assert_valid(result)

    def test_predict_answers_for_the_first_frame(self):
        self.start_node()
        alone = self.prediction_of(self.turned)
        self.assertEqual((alone["frame"], alone["frames"]), (1, 1))
        file, _ = self.image_of(self.turned, self.pixels)
        status, body = self.node.ask("/api/v1/predict", file.read_bytes(), "POST")
        self.assertEqual(status, 200, body)
        for answer in (json.loads(body), json.loads(self.node.run("predict", file).stdout)):
            self.assertEqual((answer["frame"], answer["frames"]), (1, 2))
            self.assertAlmostEqual(answer["confidence"], alone["confidence"], delta=1e-6)

    def test_more_frames_than_are_analysed_one_by_one_are_refused_as_a_whole(self):
        self.start_node()
        file, study = self.image_of(*[self.pixels] * 65)
        self.send(file)
        report, _ = self.reported(study, 0)
        diagnosis, = diagnoses(report.dataset)
        self.assertFalse(diagnosis.analysed)
        self.assertIn("65 frames", diagnosis.reason)
        self.assertEqual(set(frames_referenced(report.dataset)), {None})
        self.assertEqual([job["state"] for job in self.analyses()], ["not_analysed"])
        self.assert_valid(report)


class KilledNodeTest(FramesTest):
    size = 1024

    def test_a_node_killed_between_the_frames_loses_and_doubles_none(self):
        frames = 24
        self.start_node()
        file, study = self.image_of(*[self.pixels, self.turned] * (frames // 2))
        self.send(file)
        wait_until(lambda: "analysed" in [job["state"] for job in self.analyses()], 60, "a frame is analysed")
        processes = [pid for pid, _ in self.node.descendants()]
        self.node.kill()
        wait_until(lambda: not any(map(is_alive, processes)), 30, "its children end with it")
        listed = json.loads(self.node.run("jobs", "list", "--json").stdout)["jobs"]
        states = [job["state"] for job in listed if job["kind"] == "analysis"]
        self.assertEqual(len(states), frames, "the others are queued with the first one's outcome")
        self.assertIn("queued", states, "it was killed before the last frame")
        self.start_node()
        report, captures = self.reported(study, frames)
        self.assertEqual([diagnosis.frame for diagnosis in diagnoses(report.dataset)], list(range(1, frames + 1)))
        self.assertEqual(sorted(frames_referenced(capture.dataset)[0] for capture in captures),
                         list(range(1, frames + 1)))
        self.assertEqual(len(self.analyses()), frames)


class FirstFrameTest(FramesTest):
    frames = "first"

    def test_the_first_frame_alone_is_reported_and_named(self):
        self.start_node()
        file, study = self.image_of(self.turned, self.pixels, self.blank)
        self.send(file)
        report, (capture,) = self.reported(study, 1)
        diagnosis, = diagnoses(report.dataset)
        self.assertAlmostEqual(diagnosis.score, self.prediction_of(self.turned)["confidence"], delta=1e-4)
        self.assertEqual(diagnosis.frame, 1)
        self.assertIn("frame 1 of 3", [item.get("TextValue") for item in content_items(report.dataset)])
        self.assertEqual(frames_referenced(capture.dataset), [1])
        self.assertEqual(len(self.analyses()), 1)
        for result in (report, capture):
            self.assert_valid(result)
