"""`hilum` run as a user does, and the CSV files that it reads and writes."""

import csv
import json
import os
import pathlib
import subprocess

BINARIES = pathlib.Path(os.environ["HILUM_BIN"])


def hilum(*arguments):
    return subprocess.run([BINARIES / "hilum", *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)


def answer(*arguments):
    """What it says with --json; an error where it fails."""
    ran = hilum(*arguments, "--json")
    if ran.returncode != 0:
        raise AssertionError(f"{arguments}: {ran.stdout}{ran.stderr}")
    return json.loads(ran.stdout)


def rows_of(file):
    with open(file, encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def write_rows(file, rows):
    with open(file, "w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file
