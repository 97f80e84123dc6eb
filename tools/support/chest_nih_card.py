#!/usr/bin/env python3
"""Writes what was measured into the card of config/models/chest-nih, what stands against it first. Called by
tools/train_chest_nih WORK, after the evaluations."""

import csv
import json
import pathlib
import re
import sys

SPLITS = (1, 2, 3)
NORMALS = (1280, 3970)  # the patient numbers between which all normals of the data lie


def area(scores, truth):
    """Under the ROC curve, by its definition: the share of pairs in the right order, ties for half."""
    with_finding = [score for score, is_true in zip(scores, truth) if is_true]
    without = [score for score, is_true in zip(scores, truth) if not is_true]
    pairs = [(a > b) + (a == b) / 2 for a in with_finding for b in without]
    return sum(pairs) / len(pairs)


def mean(values):
    return sum(values) / len(values)


def is_inside(row):
    return NORMALS[0] <= int(re.search(r"NIH0*(\d+)", row["patient"])[1]) <= NORMALS[1]


def of_pneumonia(rows):
    return [float(row["probability:Pneumonia"]) for row in rows], [row["truth:Pneumonia"] == "1" for row in rows]


class Report:
    """What `hilum evaluate` wrote."""

    def __init__(self, folder):
        self.figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
        rows = csv.DictReader((folder / "predictions.csv").read_text(encoding="utf-8").splitlines())
        self.rows = [row for row in rows if row["probability:Pneumonia"]]
        self.pneumonia = next(label for label in self.figures["labels"] if label["label"] == "Pneumonia")

    def area_of_numbers(self):
        """What the patient's number alone tells."""
        return area([not is_inside(row) for row in self.rows], of_pneumonia(self.rows)[1])

    def area_among_normals_numbers(self):
        return area(*of_pneumonia([row for row in self.rows if is_inside(row)]))

    def area_of_view(self):
        views = [pathlib.Path(row["file"]).stem.lower().endswith("-ap") for row in self.rows]
        return area(views, of_pneumonia(self.rows)[1])

    def line(self, name):
        low, high = self.pneumonia["area"]["interval"]
        return (f"| {name} | {self.figures['cases']}, {self.figures['patients']} | {self.area():.3f} ({low:.3f} to {high:.3f}) | "
                f"{self.pneumonia['sensitivity']['value']:.3f} | {self.pneumonia['specificity']['value']:.3f} | "
                f"{self.pneumonia['calibration_error']:.3f} | {self.figures['determinate']['value']:.3f} |")

    def area(self):
        return self.pneumonia["area"]["value"]


def first(inside, outside):
    low, high = outside.pneumonia["area"]["interval"]
    return f"""## Read this first

**At another hospital this model is no better than a coin.** On {outside.figures["cases"]} radiographs of the Actualmed collection its area under the ROC curve is
{outside.area():.2f} (95 % interval {low:.2f} to {high:.2f}); at the hospital that it learned from, models of the same recipe reach {mean([one.area() for one in inside]):.2f} on patients that
they did not learn from. The figure inside says less of pneumonia than it seems to:

- The label goes with the patient's number, perhaps with the years and so the processing of the film. All normals have NIH patient numbers from
  {NORMALS[0]} to {NORMALS[1]}, few pneumonias do. "The number lies outside" has an AUC of {mean([one.area_of_numbers() for one in inside]):.2f} on the test images, without a look at any of
  them. Among the images within that range the models' AUC is {mean([one.area_among_normals_numbers() for one in inside]):.2f}.
- An 8 x 8 thumbnail and a linear model reach 0.83 on this data: brightness and framing tell much of the label.
- At the other hospital brightness goes with the label the other way round, the disease is another (COVID-19), and the view alone (AP: pneumonia) has an
  AUC of {outside.area_of_view():.2f}.
- Its activation maps look at opacities seldom. Of eight radiographs of NIH that it had not learned from, the four pneumonias had a shoulder, soft
  tissue beside a lung, stomach gas or most of a lung marked. Of eight of Actualmed, three of four normals were called pneumonia, two of them with more than half
  a lung marked; of four pneumonias one surely, marked across both lower zones.
- Labels were mined from reports; some are wrong. Sex, age, view and manufacturer are not known, so that nothing can be said of groups.

A network with mild augmentation and no phantoms ranked the other hospital's images the wrong way round (AUC 0.08); strong changes of grey values, frames and
geometry, and a start from phantoms, brought it to chance, not further. Normals from the patient numbers that the pneumonias have would help more than any
network. **Do not use it on patients.** It shows how a model looks that is good where it was trained.

"""


def measured(inside, outside):
    lines = [one.line(f"NIH, test split {seed}") for seed, one in zip(SPLITS, inside)]
    areas = [one.area() for one in inside]
    return f"""## Figures

Of pneumonia, by `hilum evaluate`. Inside: three models of this recipe, each on the test split of a random split by patient of its own, before calibration; this
model learned from all of NIH but what calibrates it, and has no test images left there. Outside: this model.

| set | images, patients | AUC (95 % interval) | sensitivity | specificity | calibration error | gets a diagnosis |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}
{outside.line("actualmed")}

Inside the mean area is {mean(areas):.3f}, from {min(areas):.3f} to {max(areas):.3f}: expect any of them on other patients of that hospital.

"""


def main():
    work = pathlib.Path(sys.argv[1])
    inside = [Report(work / f"report-{seed}") for seed in SPLITS]
    outside = Report(work / "report-actualmed")
    card = work / "chest-nih" / "MODEL_CARD.md"
    text = card.read_text(encoding="utf-8")
    text = text[:text.index("## Figures")] + measured(inside, outside) + text[text.index("## Limits"):]
    # What hilum-train knew of; since then it was calibrated and tried elsewhere.
    text = text.replace("# chest-nih 0.1.0", "# chest-nih 1.1.0", 1)
    for known_now in ("No figures of another hospital are known", "Its scores are no probabilities until"):
        text = re.sub(rf"^- {known_now}.*\n", "", text, flags=re.MULTILINE)
    at = text.index("## Intended use")
    card.write_text(text[:at] + first(inside, outside) + text[at:], encoding="utf-8")


if __name__ == "__main__":
    main()
