"""Adds to the demonstration model's metrics.json and card what was measured on the held-out phantoms. Called by
tools/train_demo WORK, after the evaluation."""

import csv
import dataclasses
import json
import math
import pathlib
import sys
from collections import Counter, defaultdict

import pydicom
import torch
from model_import.input_convention import InputConvention
from model_import.reference_input import tensor_of

INPUT = InputConvention(192, 192, 1, "minmax", "letterbox", [0, 1], [0.5], [0.25], [])  # as the recipe has it


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class HeldOut:
    """The held-out phantoms: what was drawn, and what the model says."""

    def __init__(self, work):
        self.folder = work / "held-out"
        self.lesions = defaultdict(list)
        for row in rows_of(self.folder / "boxes.csv"):
            self.lesions[row["file"]].append(row)
        self.figures = json.loads((work / "report" / "figures.json").read_text(encoding="utf-8"))
        self.rows = rows_of(work / "report" / "predictions.csv")
        self.labels = [label["label"] for label in self.figures["labels"]]
        self.package = work / "demo"
        if any(row["reason"] for row in self.rows):
            raise SystemExit("not all of the held-out phantoms were judged")

    @staticmethod
    def name(row):
        return pathlib.Path(row["file"]).name

    def truth(self, row):
        return next(label for label in self.labels if row[f"truth:{label}"] == "1")

    def by_abnormality(self):
        """Of the phantoms with each, the share that got their class."""
        found, all_of_it = Counter(), Counter()
        for row in self.rows:
            if lesions := self.lesions[self.name(row)]:
                all_of_it[lesions[0]["abnormality"]] += 1
                found[lesions[0]["abnormality"]] += row["diagnosis"] == self.truth(row)
        return {kind: {"images": count, "sensitivity": round(found[kind] / count, 4)}
                for kind, count in sorted(all_of_it.items())}

    def confusion(self):
        """Rows: the truth; columns: the diagnosis, undecided ones last."""
        counts = Counter((self.truth(row), row["diagnosis"]) for row in self.rows)
        return [[counts[truth, said] for said in (*self.labels, "indeterminate")] for truth in self.labels]

    def peaks_in_opacity(self):
        """Of the pneumonias that were called so, the share whose map is highest within one of their opacities. By
        chance it would be the opacities' share of the image."""
        network = torch.jit.load(str(self.package / "model.pt")).eval()
        called = [row for row in self.rows if row["diagnosis"] == self.truth(row) == "Pneumonia"]
        if not called:
            raise SystemExit("the model calls none of the held-out pneumonias so: look at trained/curves.svg")
        hits = 0
        with torch.no_grad():
            for row in called:
                file = self.folder / self.name(row)
                maps = network(tensor_of(file, INPUT))[1][0, self.labels.index("Pneumonia")]
                image = pydicom.dcmread(file, stop_before_pixels=True)
                hits += any(touches(maps, lesion, image, frame_of(image, INPUT.rows)) for lesion in self.lesions[file.name])
        return hits / len(called)


@dataclasses.dataclass
class Frame:
    """Where an image lies in the model's square input, letterboxed, as fractions of its side."""
    left: float
    top: float
    width: float
    height: float


def frame_of(image, side):
    factor = side / max(image.Rows, image.Columns)
    columns, rows = max(1, int(image.Columns * factor + 0.5)), max(1, int(image.Rows * factor + 0.5))
    return Frame((side - columns) // 2 / side, (side - rows) // 2 / side, columns / side, rows / side)


def touches(maps, lesion, image, frame):
    """Whether the map's highest cell touches the ellipse within the lesion's box."""
    down, across = divmod(int(maps.argmax()), maps.shape[1])
    column = ((across + 0.5) / maps.shape[1] - frame.left) / frame.width  # of the image
    row = ((down + 0.5) / maps.shape[0] - frame.top) / frame.height
    half_width = float(lesion["width"]) / image.Columns / 2
    half_height = float(lesion["height"]) / image.Rows / 2
    return math.hypot(
        (column - float(lesion["x"]) / image.Columns - half_width) / (half_width + 0.5 / maps.shape[1] / frame.width),
        (row - float(lesion["y"]) / image.Rows - half_height) / (half_height + 0.5 / maps.shape[0] / frame.height)) <= 1


def share(value):
    return round(value, 4)


def held_out(phantoms):
    figures = phantoms.figures
    return {"images": figures["cases"], "accuracy": share(figures["accuracy"]["value"]),
            "classes": {one["label"]: {"auc": share(one["area"]["value"]),
                                       "sensitivity": share(one["sensitivity"]["value"]),
                                       "specificity": share(one["specificity"]["value"]),
                                       "calibration_error": share(one["calibration_error"])}
                        for one in figures["labels"]},
            "confusion": phantoms.confusion(), "abnormalities": phantoms.by_abnormality(),
            "pneumonia_map_peaks_in_opacity": share(phantoms.peaks_in_opacity())}


def section(figures):
    lines = [f"| {name} | {one['auc']:.3f} | {one['sensitivity']:.3f} | {one['specificity']:.3f} | {one['calibration_error']:.3f} |"
             for name, one in figures["classes"].items()]
    drawn = [f"{kind} {one['sensitivity']:.2f} of {one['images']}" for kind, one in figures["abnormalities"].items()]
    return f"""## Figures

On {figures["images"]} phantoms that it did not learn from, drawn twice as large as those that it did: accuracy {figures["accuracy"]:.3f}.

| class | AUC | sensitivity | specificity | calibration error |
|---|---|---|---|---|
{chr(10).join(lines)}

By what was drawn, the share that got their class: {", ".join(drawn)}. Of the pneumonias that were called so, the activation map
peaks within an opacity in {100 * figures["pneumonia_map_peaks_in_opacity"]:.1f} %.

"""


def main():
    work = pathlib.Path(sys.argv[1])
    package = work / "demo"
    figures = held_out(HeldOut(work))
    # Those of training; calibration leaves them out.
    metrics = json.loads((work / "trained" / "metrics.json").read_text(encoding="utf-8"))
    metrics["held_out"] = figures
    (package / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    card = (package / "MODEL_CARD.md").read_text(encoding="utf-8")
    text = card[:card.index("## Figures")] + section(figures) + card[card.index("## Limits"):]
    no_more = ("Its scores are no probabilities until", "metrics.json is left out")
    text = "".join(line for line in text.splitlines(keepends=True) if not any(said in line for said in no_more))
    (package / "MODEL_CARD.md").write_text(text, encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
