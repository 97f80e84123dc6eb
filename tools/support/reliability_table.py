"""The table "Last figures" of docs/reliability.md, from what the steps of tools/nightly left in its folder: a step that was run
has a new row, all others keep theirs. By hand: reliability_table.py WORK PAGE."""

import json
import pathlib
import re
import sys

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
HEAD = ["| step | run | on | figures |", "|---|---|---|---|"]


def cell(text):
    """Without what would end it."""
    return " ".join(str(text).replace("|", "/").split())


def row_of(result):
    """Of one step, as tools/nightly left it."""
    figures = result["told"] if result["status"] == "passed" else f"**{result['status']}**: {result['why']} (its log: {result['log']})"
    if result["status"] != "passed" and result["told"]:
        figures += "; " + result["told"]
    return "| " + " | ".join(map(cell, (result["step"], result["what"], result["on"], figures))) + " |"


def with_rows(page, results):
    """The page's text with these steps' rows. The order is that of the page, then that of the results."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page must have one {BEGIN} and one {END} after it")
    before, rest = page.split(BEGIN)
    table, after = rest.split(END)
    rows = dict(re.findall(r"^(?=\| (\w+) \|)(.*)$", table, re.MULTILINE))
    rows.pop("step", None)
    rows.update({result["step"]: row_of(result) for result in results})
    return before + "\n".join([BEGIN, *HEAD, *rows.values(), END]) + after


def results_in(work):
    """Of runs in full; short ones are for whoever ran them."""
    found = [json.loads(file.read_text()) for file in sorted(pathlib.Path(work).glob("*.json"))]
    return [result for result in found if not result["quick"]]


def rewrite(page, results):
    page.write_text(with_rows(page.read_text(), results))


if __name__ == "__main__":
    rewrite(pathlib.Path(sys.argv[2]), results_in(sys.argv[1]))
