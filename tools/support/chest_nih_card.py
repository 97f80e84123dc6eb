#!/usr/bin/env python3
"""Writes what was measured into the card of config/models/chest-nih, what stands against it first. Called by
tools/train_chest_nih WORK DATA, after the evaluation."""

import csv
import json
import pathlib
import re
import sys

NORMALS = (1280, 3970)  # the patient numbers between which all normals of the data lie


def area(scores, truth):
    """Under the ROC curve, by its definition: the share of pairs in the right order, ties for half."""
    with_finding = [score for score, is_true in zip(scores, truth) if is_true]
    without = [score for score, is_true in zip(scores, truth) if not is_true]
    pairs = [(a > b) + (a == b) / 2 for a in with_finding for b in without]
    return sum(pairs) / len(pairs) if pairs else None


def predictions(file):
    return [row for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()) if row["probability:Pneumonia"]]


def of_pneumonia(rows):
    return [float(row["probability:Pneumonia"]) for row in rows], [row["truth:Pneumonia"] == "1" for row in rows]


def number_of(row):
    return int(re.search(r"NIH0*(\d+)", row["patient"])[1])


def interval(figure):
    low, high = figure["interval"]
    return f"{figure['value']:.3f} ({low:.3f} to {high:.3f})"


def shortcuts(inside, outside):
    _, truth = of_pneumonia(inside)
    among = [row for row in inside if NORMALS[0] <= number_of(row) <= NORMALS[1]]
    views = [pathlib.Path(row["file"]).stem.lower().endswith("-ap") for row in outside]
    return {"by_number": area([not NORMALS[0] <= number_of(row) <= NORMALS[1] for row in inside], truth),
            "among": area(*of_pneumonia(among)),
            "pneumonias_among": sum(row["truth:Pneumonia"] == "1" for row in among),
            "by_view": area(views, of_pneumonia(outside)[1])}


def table(figures):
    names = {"area": "AUC", "sensitivity": "sensitivity", "specificity": "specificity"}
    rows = ["| Pneumonia | NIH, test | actualmed |", "|---|---|---|"]
    inside, outside = (next(label for label in of["labels"] if label["label"] == "Pneumonia")
                       for of in (figures, figures["external"]))
    rows.append(f"| images, patients | {figures['cases']}, {figures['patients']} | "
                f"{figures['external']['cases']}, {figures['external']['patients']} |")
    rows += [f"| {name} | {interval(inside[key])} | {interval(outside[key])} |" for key, name in names.items()]
    rows.append(f"| calibration error, Brier score | {inside['calibration_error']:.3f}, {inside['brier']:.3f} | "
                f"{outside['calibration_error']:.3f}, {outside['brier']:.3f} |")
    rows.append(f"| gets a diagnosis | {interval(figures['determinate'])} | {interval(figures['external']['determinate'])} |")
    return "\n".join(rows)


def first(figures, known):
    inside, outside = (next(label for label in of["labels"] if label["label"] == "Pneumonia")
                       for of in (figures, figures["external"]))
    return f"""## Read this first

**At another hospital this model is no better than a coin.** On 44 radiographs of the Actualmed collection its area under the ROC curve is
{interval(outside["area"])}, on {figures["cases"]} radiographs of the hospital that it learned from {interval(inside["area"])}.
The figure inside says less of pneumonia than it seems to:

- The label goes with the patient's number, perhaps with the years and so the processing of the film. All normals have NIH patient numbers from
  {NORMALS[0]} to {NORMALS[1]}, few pneumonias do. "The number lies outside" has an AUC of {known["by_number"]:.3f} on the test images, without a look at any
  of them. Among the images within that range (with {known["pneumonias_among"]} pneumonias) the model's AUC is {known["among"]:.3f}.
- An 8 x 8 thumbnail and a linear model reach 0.83 on this data: brightness and framing tell much of the label.
- In the other hospital brightness goes with the label the other way round, the disease is another (COVID-19), and the view alone (AP: pneumonia) has an
  AUC of {known["by_view"]:.3f} there.
- Labels were mined from reports; some are wrong. Sex, age, view and manufacturer are not known, so that nothing can be said of groups.

A network with mild augmentation and no phantoms ranked the other hospital's images the wrong way round (AUC 0.08); strong changes of grey values, frames and
geometry, and a start from phantoms, brought it to chance, not further. Normals from the patient numbers that the pneumonias have would help more than any
network. **Do not use it on patients.** It shows how a model looks that is good where it was trained.
"""


def main():
    work = pathlib.Path(sys.argv[1])
    figures = json.loads((work / "report" / "figures.json").read_text(encoding="utf-8"))
    inside = predictions(work / "report" / "predictions.csv")
    outside = predictions(work / "report" / "external-predictions.csv")
    card = work / "chest-nih" / "MODEL_CARD.md"
    text = card.read_text(encoding="utf-8")
    begin, end = text.index("## Figures"), text.index("## Limits")
    drop = next(one for one in figures["external"]["drop"] if one["label"] == "Pneumonia")
    measured = f"""## Figures

By `hilum evaluate`, of the calibrated package, 95 % intervals; the test split is of patients that it did not learn from.

{table(figures)}

{drop["words"]}

"""
    text = text[:begin] + measured + text[end:]
    at = text.index("## Intended use")
    card.write_text(text[:at] + first(figures, shortcuts(inside, outside)) + "\n" + text[at:], encoding="utf-8")


if __name__ == "__main__":
    main()
