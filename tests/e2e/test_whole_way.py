"""The lines under "The whole way" in docs/training.md, run as they stand there, on drawn radiographs."""

import csv
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

from hilum_harness import BINARIES

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPE = """
package:
  name: phantoms
  version: 0.1.0
  input: {rows: 64, columns: 64, mean: 0.5, std: 0.25}
  output:
    activation: softmax
    labels:
      - {name: Normal, abnormal: false}
      - {name: Pneumonia, abnormal: true}
      - {name: Requires further evaluation, abnormal: true}
network: {architecture: densenet-small}
optimizer: {learning_rate: 0.004}
training: {epochs: 16, batch_size: 8}
"""


def documented():
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- the whole way: begin -->\n```sh\n(.*?)```\n<!-- the whole way: end -->", text, re.DOTALL)[1]
    return [line for line in block.splitlines() if line]


class WholeWayTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="hilum-whole-way-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.draw("chests", "labels.csv", 240, 1)
        self.draw("elsewhere", "elsewhere.csv", 90, 5000)
        (self.folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")

    def draw(self, name, table, count, seed):
        drawn = subprocess.run([BINARIES / "hilum", "phantom", "--out", self.folder / "archive" / name, "--count", str(count),
                                "--seed", str(seed), "--size", "128", "--run", name, "--json"],
                               capture_output=True, text=True, check=True)
        with open(self.folder / table, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "label"))
            for one in json.loads(drawn.stdout)["files"]:
                writer.writerow((pathlib.Path(one["file"]).name, one["finding"]))

    def run_line(self, line):
        program, *arguments = shlex.split(line.replace("/archive/", f"{self.folder}/archive/"))
        done = subprocess.run([BINARIES / program, *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": f"{BINARIES}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")

    def test_every_line_does_what_it_says(self):
        lines = documented()
        self.assertGreater(len(lines), 6)
        for line in lines:
            self.run_line(line)
        figures = json.loads((self.folder / "report" / "figures.json").read_text(encoding="utf-8"))
        self.assertEqual(figures["model"]["version"], "1.0.0")
        self.assertEqual(figures["external"]["cases"], 90)
        self.assertIn("> Version 1.0.0: calibrated", (self.folder / "model" / "MODEL_CARD.md").read_text(encoding="utf-8"))
        by_label = {one["label"]: one["area"]["value"] for one in figures["labels"]}
        self.assertGreater(by_label["Normal"], 0.6, "it has learned something")
        for page in ("report/report.html", "acceptance/acceptance.html", "model/MODEL_CARD.md", "model/curves.svg"):
            self.assertGreater((self.folder / page).stat().st_size, 1000, page)
