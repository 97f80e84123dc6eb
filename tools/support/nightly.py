"""Runs the steps of a night one after the other and goes on after a failure. Each has a time limit, its log in WORK/STEP.log and
its figures in one line of WORK/STEP.json; in the end the table of docs/reliability.md has the new rows. Run by tools/nightly."""

import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from local_services import SANITIZER_REPORT
from nightly_steps import NoFigures, steps
from reliability_table import rewrite, row_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
RADIOGRAPHS = ROOT.parent / "shared" / "radiographs"
LAST_WORDS = 30  # seconds that a command has to end what it started, once its time is over


def heed_interrupts():
    """Where SIGINT is ignored, as in what a script starts in the background, the tools would not stop their nodes at it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Late(Exception):
    pass


def end(process):
    """First as by Ctrl+C, at which the tools stop the nodes that they run; what these started ends with them."""
    for sent in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(LAST_WORDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    process.wait()


def run_command(command, log, deadline, root):
    """Its exit status. Raises Late."""
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    environment = dict(os.environ)
    if RADIOGRAPHS.is_dir():
        environment.setdefault("HILUM_RADIOGRAPHS", str(RADIOGRAPHS))
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                               env=environment, start_new_session=True)
    try:
        return process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise Late from None
    finally:
        if process.poll() is None:
            end(process)


def run_commands(commands, log_file, seconds, root):
    """Why it failed, or None."""
    deadline = time.monotonic() + seconds
    with open(log_file, "w", encoding="utf-8") as log:
        for command in commands:
            try:
                status = run_command(command, log, deadline, root)
            except Late:
                return f"not done within {seconds / 60:.0f} min: {' '.join(command)}"
            except OSError as error:
                return f"{command[0]} could not be started: {error.strerror}"
            if status != 0:
                return f"{' '.join(command)} ended with {status}"
    return None


def commit(root):
    asked = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def run_step(step, work, quick, root=ROOT):
    """Runs it, and leaves log and figures in `work`. What it leaves."""
    began, on = time.monotonic(), datetime.date.today().isoformat()
    log_file = work / f"{step.name}.log"
    why = run_commands(step.quick if quick else step.night, log_file, 60 * (step.quick_limit if quick else step.limit), root)
    log = log_file.read_text(encoding="utf-8", errors="replace")
    figures, told = {}, ""
    try:
        figures = step.figures(log)
        told = step.tell(figures)
    except NoFigures as missing:
        why = why or str(missing)
    if why is None and (reported := SANITIZER_REPORT.search(log)):
        why = f"a sanitizer reported: {reported[0].strip()[:200]}"
    result = {"step": step.name, "what": step.what, "on": on, "commit": commit(root), "quick": quick,
              "status": "failed" if why else "passed", "why": why, "log": log_file.name,
              "seconds": round(time.monotonic() - began), "figures": figures, "told": told}
    (work / f"{step.name}.json").write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


def chosen(all_steps, only):
    unknown = set(only) - {step.name for step in all_steps}
    if unknown:
        raise SystemExit(f"tools/nightly: no step {', '.join(sorted(unknown))}; there are {', '.join(step.name for step in all_steps)}")
    return [step for step in all_steps if not only or step.name in only]


def run_all(all_steps, work, quick, page, root=ROOT):
    """The results; `page` None: written nowhere."""
    results = []
    for step in all_steps:
        print(f"{time.strftime('%H:%M')} {step.name}", flush=True)
        result = run_step(step, work, quick, root)
        print(f"{time.strftime('%H:%M')} {step.name} {result['status']} after {result['seconds']} s: {result['why'] or result['told']}", flush=True)
        results.append(result)
        if page is not None:  # at once, so that a night that is cut short has told what it knows
            rewrite(page, [result])
    return results


def main():
    parser = argparse.ArgumentParser(prog="tools/nightly", description=re.sub(r"\s+", " ", __doc__))
    parser.add_argument("work", nargs="?", type=pathlib.Path, default=ROOT / "build" / "nightly", help="folder for logs and figures")
    parser.add_argument("--only", action="append", default=[], metavar="STEP", help="this step alone; may be said again")
    parser.add_argument("--quick", action="store_true", help="each step in its short form; the page keeps its rows")
    parser.add_argument("--list", action="store_true", dest="listed", help="tell the steps and their time limits")
    options = parser.parse_args()
    heed_interrupts()
    to_run = chosen(steps(), options.only)
    if options.listed:
        for step in to_run:
            print(f"{step.name:12} at most {step.limit} min, quick {step.quick_limit} min: {step.what}")
        return 0
    options.work.mkdir(parents=True, exist_ok=True)
    results = run_all(to_run, options.work, options.quick, None if options.quick else PAGE)
    print("\n".join(row_of(result) for result in results))
    return 0 if all(result["status"] == "passed" for result in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("tools/nightly: interrupted; what was running has been ended", file=sys.stderr)
        sys.exit(130)
