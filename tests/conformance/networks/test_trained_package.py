"""A package that hilum-train's writer made of the demonstration model's weights: the node's own processes prove its
golden cases, whose outputs are those of the demonstration model, and judge an image with it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["HILUM_BIN"])
DEMONSTRATION = SOURCE / "config" / "models" / "demo"


def temperature_of(package):
    text = (package / "model.yaml").read_text(encoding="utf-8")
    return float(re.search(r"method: temperature\n(?:  .*\n)*?  value: (\S+)", text)[1])


def at_temperature(probabilities, temperature):
    """What a softmax says whose logits were divided by it."""
    powers = {label: probability ** (1 / temperature) for label, probability in probabilities.items()}
    return {label: power / sum(powers.values()) for label, power in powers.items()}


class TrainedPackageTest(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-trained-package-test-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.package = folder / "package"
        subprocess.run([BIN / "write_package", DEMONSTRATION, self.package], check=True)

    def hilum(self, *arguments, status=0):
        done = subprocess.run([BIN / "hilum", *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_a_node_verifies_it_and_proves_its_golden_cases(self):
        said = json.loads(self.hilum("--json", "model", "verify", self.package))
        self.assertEqual(said["problems"], [])
        self.assertGreater(len(list((self.package / "golden").iterdir())), 0)
        golden = self.package / "golden.yaml"
        text = golden.read_text(encoding="utf-8")
        golden.write_text(text.replace("outputs: [", "outputs: [1", 1), encoding="utf-8")
        self.assertIn("golden", self.hilum("model", "verify", self.package, status=1))

    def test_an_image_is_judged_with_it_as_with_the_demonstration_model(self):
        image = sorted((DEMONSTRATION / "golden").iterdir())[0]

        def diagnosis(package):
            return json.loads(self.hilum("predict", "--json", "--package", package, image))

        ours, shipped = diagnosis(self.package), diagnosis(DEMONSTRATION)
        self.assertEqual(ours["diagnosis"], shipped["diagnosis"])
        self.assertEqual(ours["all_probabilities"].keys(), shipped["all_probabilities"].keys())
        warmed = at_temperature(ours["all_probabilities"], temperature_of(DEMONSTRATION))
        for label, probability in shipped["all_probabilities"].items():
            self.assertAlmostEqual(warmed[label], probability, delta=1e-4)


if __name__ == "__main__":
    unittest.main()
