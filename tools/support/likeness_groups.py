"""Gives drawn radiographs that `hilum dataset create` takes for one picture the same patient, as it asks for, so that they
come into one split. Called by tools/train_demo: likeness_groups.py LABELS.csv FINDINGS.json."""

import csv
import json
import pathlib
import sys

LIKENESS = ("picture_in_two_splits", "duplicate")  # pairs, one after the other


def patients_of(findings):
    """By file name: the first of those that it is alike."""
    first = {}

    def root(name):
        while first.setdefault(name, name) != name:
            name = first[name]
        return name

    for finding in findings:
        if finding["code"] not in LIKENESS:
            raise SystemExit(f"{finding['code']}: {finding['words']}")
        names = [pathlib.Path(file).name for file in finding["files"]]
        for one, other in zip(names[::2], names[1::2], strict=True):
            first[max(root(one), root(other))] = min(root(one), root(other))
    return {name: root(name) for name in list(first)}


def main(labels, findings):
    patients = patients_of(json.loads(pathlib.Path(findings).read_text(encoding="utf-8"))["findings"])
    with open(labels, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(labels, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["file", "label", "patient"])
        table.writeheader()
        for row in rows:
            table.writerow({**row, "patient": patients.get(row["file"], row["file"])})
    print(f"{len(patients)} of {len(rows)} radiographs are alike another")


if __name__ == "__main__":
    main(*sys.argv[1:])
