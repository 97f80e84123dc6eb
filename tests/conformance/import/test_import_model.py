"""tools/import_model: what it makes of a checkpoint, and whether a package says what eager PyTorch says.

The networks are torchvision's with random weights: nothing is downloaded. The head is scaled so that the
probabilities vary over the radiographs, without which no comparison could fail."""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import types
import unittest
import warnings

try:
    import numpy as np
    import pydicom
    from PIL import Image
    from pydicom.data import get_testdata_file
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}: tools/install-packages import") from missing

from import_case import HILUM, SOURCE, Folder, densenet, old_name, tool, trained

import torch
from model_import import labels, reference_image
from model_import.architectures import network_from
from model_import.checkpoint import read_checkpoint
from torchvision import models, transforms

RADIOGRAPHS = pathlib.Path(os.environ.get("HILUM_RADIOGRAPHS") or SOURCE.parent / "shared" / "radiographs")
LIMIT = 1e-3
LABELS_14 = ["Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
             "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia"]
IMAGENET = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


class Pooled(torch.nn.Module):
    """The smallest network of two outputs."""

    def __init__(self, channels):
        super().__init__()
        self.conv = torch.nn.Conv2d(channels, 2, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3)) * 10


class PackageTest(Folder):
    """Whole runs of the tool with small inputs."""

    def package(self):
        return self.folder / "package"

    def inspected(self):
        done = subprocess.run([HILUM, "--json", "model", "inspect", self.package()], capture_output=True,
                              text=True, check=False)
        return json.loads(done.stdout)

    def test_torchscript_is_taken_as_it_is(self):
        path = self.folder / "own.pt"
        torch.jit.script(Pooled(1)).save(str(path))
        out = self.imported(path, self.package(), "--activation", "softmax", "--labels", "Normal,Pneumonia", "--size",
                            "64x80", "--mean", "0.5", "--std", "0.25", "--resize", "stretch", "--name", "own model",
                            "--version", "2.1", "--views", "any", "--min-age", "any")
        self.assertIn("activation maps none", out)
        self.assertEqual((self.package() / "model.pt").read_bytes(), path.read_bytes())
        said = self.inspected()
        self.assertEqual(said["problems"], [])
        self.assertEqual((said["name"], said["version"]), ("own model", "2.1"))
        self.assertEqual(said["input"], {"rows": 64, "columns": 80, "channels": 1})
        self.assertEqual([label["abnormal"] for label in said["labels"]], [False, True])
        self.assertEqual(said["labels"][1]["code"], {"value": "233604007", "scheme": "SCT", "meaning": "Pneumonia"})
        self.assertEqual((said["accepts"]["views"], said["accepts"]["patient_age"]), ([], "any"))

    def test_torchscript_that_does_not_fit_is_refused(self):
        class Wrong(torch.nn.Module):
            def __init__(self, kind: int):
                super().__init__()
                self.kind = kind
                self.conv = torch.nn.Conv2d(3, 2, 3)

            def forward(self, x):
                x = self.conv(x)
                if self.kind == 0:
                    return x
                return x.mean((2, 3)) / 0.0 * 0.0

        for kind, words in enumerate(("returns a tensor of shape [1, 2, 62, 62]", "gives NaN or infinity")):
            path = self.folder / "wrong.pt"
            torch.jit.script(Wrong(kind)).save(str(path))
            self.refused(words, path, self.package(), "--activation", "sigmoid", "--labels", "A,B", "--size", "64")
        self.refused("does not say which size", path, self.package(), "--activation", "sigmoid", "--labels", "A,B")

    def test_torchxrayvision_comes_with_its_convention(self):
        network = densenet(18, channels=1)
        operating_points = torch.full((18,), float("nan"))
        operating_points[8] = 0.0625
        state = {**network.state_dict(), "op_threshs": operating_points}
        out = self.imported(self.saved(state), self.package(), "--thresholds", "checkpoint", "--size", "64")
        self.assertIn("range [-1024.0, 1024.0]", out)
        self.assertIn("resize crop", out)
        said = self.inspected()
        self.assertEqual(said["problems"], [])
        self.assertEqual([label["name"] for label in said["labels"]], labels.TORCHXRAYVISION)
        self.assertEqual([label["threshold"] for label in said["labels"] if label["threshold"] != 0.5], [0.0625])
        self.assertEqual(said["input"]["channels"], 1)
        self.assertIn("range: [-1024, 1024]", (self.package() / "model.yaml").read_text())
        self.assert_golden(network, list(range(18)), lambda grey: grey * 2048 - 1024, 64)

    def test_outputs_without_a_name_are_left_out(self):
        network = densenet(5, channels=1)
        self.imported(self.saved(network.state_dict()), self.package(), "--labels", "A,,B,C,", "--size", "64",
                      "--resize", "crop")
        self.assertEqual([label["name"] for label in self.inspected()["labels"]], ["A", "B", "C"])
        self.assert_golden(network, [0, 2, 3], lambda grey: grey * 2048 - 1024, 64)

    def assert_golden(self, network, kept, ranged, side):
        """golden.yaml holds what the network says of its images, computed here with torchvision's transforms."""
        text = (self.package() / "golden.yaml").read_text()
        cases = re.findall(r"^- \{input: (\S+), outputs: \[(.*)\], tolerance: ([\d.]+)\}$", text, re.MULTILINE)
        self.assertGreater(len(cases), 2)
        fit = transforms.Compose([transforms.Resize(side), transforms.CenterCrop(side)])
        for name, outputs, tolerance in cases:
            pixels = np.asarray(Image.open(self.package() / name)).astype(np.float32)
            grey = Image.fromarray((pixels - pixels.min()) / (pixels.max() - pixels.min()), mode="F")
            tensor = ranged(torch.from_numpy(np.asarray(fit(grey)).copy()))[None, None]
            with torch.no_grad():
                expected = network(tensor)[0, kept]
            written = torch.tensor([float(x) for x in outputs.split(",")])
            self.assertAlmostEqual(float(tolerance), LIMIT * max(1, float(written.abs().max())), places=4)
            self.assertLess(float((expected - written).abs().max()), float(tolerance))

    def test_a_pickled_network_is_read_without_its_class(self):
        module = types.ModuleType("torchxrayvision.models")
        module.DenseNet = type("DenseNet", (models.DenseNet,), {"__module__": "torchxrayvision.models"})
        sys.modules["torchxrayvision"], sys.modules[module.__name__] = types.ModuleType("torchxrayvision"), module
        network = trained(module.DenseNet(32, (6, 12, 24, 16), 64, num_classes=14))
        for new in (True, False):  # the formats of torch.save since and before PyTorch 1.6
            path = self.folder / f"network-{new}.pt"
            with warnings.catch_warnings():  # that the class's source is not to be found
                warnings.simplefilter("ignore")
                torch.save(network, path, _use_new_zipfile_serialization=new)
        del sys.modules["torchxrayvision"], sys.modules[module.__name__]
        for new in (True, False):
            checkpoint = read_checkpoint(self.folder / f"network-{new}.pt")
            self.assertEqual(checkpoint.kind, "pickled network")
            read = network_from(checkpoint.state)
            x = torch.rand(1, 3, 64, 64)
            with torch.no_grad():
                self.assertTrue(torch.equal(read.module(x), network(x)))

    def test_options_that_cannot_be_right_are_refused(self):
        path = self.saved(densenet(2).state_dict())
        cases = {
            "remains to be applied": [],
            "has 2 outputs": ["--activation", "sigmoid"],
            "names 3 labels": ["--activation", "sigmoid", "--labels", "A,B,C"],
            "appear twice": ["--activation", "sigmoid", "--labels", "A,A"],
            "'no finding'": ["--activation", "sigmoid", "--labels", "A,no finding"],
            "there is no label 'C'": ["--activation", "sigmoid", "--labels", "A,B", "--thresholds", "C=0.1"],
            "no number from 0 to 1": ["--activation", "sigmoid", "--labels", "A,B", "--thresholds", "A=2"],
            "has no op_threshs": ["--activation", "sigmoid", "--labels", "A,B", "--thresholds", "checkpoint"],
            "--std 0": ["--activation", "sigmoid", "--labels", "A,B", "--std", "0"],
            "takes three channels": ["--labels", "A,B", "--convention", "torchxrayvision"],
        }
        for words, arguments in cases.items():
            with self.subTest(words):
                self.refused(words, path, self.package(), *arguments)
        self.assertEqual(tool(path)[0], 2)
        self.assertEqual(tool(path, self.package(), "--min-age", "adult")[0], 2)

    def test_what_is_already_there_is_not_overwritten(self):
        path = self.folder / "own.pt"
        torch.jit.script(Pooled(3)).save(str(path))
        arguments = (path, self.package(), "--activation", "sigmoid", "--labels", "A,B", "--size", "64")
        self.imported(*arguments)
        status, _, err = tool(*arguments)
        self.assertEqual(status, 1)
        self.assertIn("already holds a model package", err)
        self.imported(*arguments, "--force")
        keeps = self.folder / "keeps"
        keeps.mkdir()
        (keeps / "letter.txt").write_text("dear")
        self.assertEqual(tool(path, keeps, *arguments[2:], "--force")[0], 1)
        self.assertTrue((keeps / "letter.txt").exists())

    def test_a_model_that_ends_in_its_own_sigmoid_is_warned_of(self):
        class Ended(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = torch.nn.Conv2d(3, 2, 3)

            def forward(self, x):
                return torch.sigmoid(self.conv(x).mean((2, 3)))

        path = self.folder / "ended.pt"
        torch.jit.script(Ended()).save(str(path))
        out = self.imported(path, self.package(), "--activation", "sigmoid", "--labels", "A,B", "--size", "64")
        self.assertIn("--activation none", out)


def radiographs():
    manifest = RADIOGRAPHS / "manifest.csv"
    if not manifest.exists():
        raise unittest.SkipTest(f"no radiographs at {RADIOGRAPHS}: set HILUM_RADIOGRAPHS")
    with open(manifest, newline="", encoding="utf-8") as rows:
        return [RADIOGRAPHS / row["file"] for row in csv.DictReader(rows)]


def prepared(file, fit):
    """The input as a training script with Pillow and torchvision makes it."""
    grey = Image.fromarray(reference_image.dicom_intensity(reference_image.decompressed(file), "minmax"), mode="F")
    return IMAGENET(torch.from_numpy(np.asarray(fit(grey)).copy()).expand(3, -1, -1))[None]


def with_head_for(network, tensors):
    """Scales and shifts the head so that its logits have mean 0 and deviation 2 over the images: the probabilities."""
    pooled = []
    network.classifier.register_forward_pre_hook(lambda _, inputs: pooled.append(inputs[0]))
    with torch.no_grad():
        logits = torch.cat([network(tensor) for tensor in tensors])
        factor = 2 / logits.std(0)
        network.classifier.weight.mul_(factor[:, None])
        network.classifier.bias.copy_((network.classifier.bias - logits.mean(0)) * factor)
        return torch.sigmoid(network.classifier(torch.cat(pooled)))


class RadiographTest(Folder):
    """The acceptance: a DenseNet121 with 14 sigmoid outputs, over the real radiographs."""

    @classmethod
    def setUpClass(cls):
        cls.files = radiographs()
        cls.fit = transforms.Compose([transforms.Resize(224), transforms.CenterCrop(224)])
        cls.network = densenet()
        cls.tensors = [prepared(file, cls.fit) for file in cls.files]
        probabilities = with_head_for(cls.network, cls.tensors)
        cls.expected = dict(zip((file.name for file in cls.files), probabilities.tolist()))

    def predicted(self, package, files):
        done = subprocess.run([HILUM, "predict", "--json", "--package", package, *files], capture_output=True,
                              text=True, check=False)
        return {pathlib.Path(answer["file"]).name: answer for answer in map(json.loads, done.stdout.splitlines())}

    def test_predict_says_what_eager_pytorch_says(self):
        package = self.folder / "chest14"
        out = self.imported(self.saved({"state_dict": {"module.densenet121." + old_name(name): value for name, value in
                                                       self.network.state_dict().items()}}),
                            package, "--activation", "sigmoid", "--labels", ",".join(LABELS_14), "--resize", "crop",
                            "--compare", *self.files[:4])
        answers = self.predicted(package, self.files)
        self.assertEqual(set(answers), {file.name for file in self.files})
        compared, largest = 0, 0.0
        for name, answer in answers.items():
            if "error" in answer:  # a compression that this hilum does not decode; nothing else may be refused
                self.assertEqual(answer["error"]["code"], "transfer_syntax", answer)
                self.assertIn("j2k", name)
                continue
            scores = [answer["all_probabilities"][label] for label in LABELS_14]
            largest = max(largest, *(abs(a - b) for a, b in zip(scores, self.expected[name])))
            compared += 1
        print(f"{compared} of {len(answers)} radiographs, largest difference of a probability {largest:.2e}")
        self.assertGreaterEqual(compared, 20)
        self.assertLess(largest, LIMIT)
        report = json.loads((package / "parity.json").read_text())
        self.assertEqual((report["passed"], report["hilum"]["compared"]), (True, 4))
        self.assertLess(report["hilum"]["largest_difference"], LIMIT)
        self.assertEqual(report["torchscript"]["activation_maps"], [14, 7, 7])
        self.assertIn("the same", out)
        # The scores must vary, or all of the above would prove little.
        spread = np.ptp(np.array(list(self.expected.values())), axis=0)
        self.assertGreater(float(spread.min()), 0.5)

        self.see_a_wrong_mean(package)

    def see_a_wrong_mean(self, package):
        """The comparison can fail: a package that normalises a little differently is found out."""
        text = (package / "model.yaml").read_text()
        (package / "model.yaml").write_text(text.replace("mean: [0.485, ", "mean: [0.525, "))
        answer = self.predicted(package, self.files[:2])[self.files[0].name]
        scores = [answer["all_probabilities"][label] for label in LABELS_14]
        self.assertGreater(max(abs(a - b) for a, b in zip(scores, self.expected[self.files[0].name])), LIMIT)


class ReferenceTest(unittest.TestCase):
    def test_pictures_of_pydicom_are_read(self):
        """JPEG 2000 through Pillow gives the same stored values as the uncompressed twin."""
        plain = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
        packed = pydicom.dcmread(get_testdata_file("MR_small_jp2klossless.dcm"))
        self.assertTrue(np.array_equal(reference_image.stored_values(plain), reference_image.stored_values(packed)))


if __name__ == "__main__":
    unittest.main()
