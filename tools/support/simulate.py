"""Plays simulated days: many at once, one again, or many against planted faults."""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
SCRATCH = ROOT / "build" / "mutations"  # a copy of the source, in which faults are planted
MUTATIONS = ROOT / "tests" / "simulation" / "mutations.json"


def build(source):
    folder = source / "build" / "release"
    if not (folder / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=source, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["ninja", "-C", folder, "simulate"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-4000:])
    return folder / "bin" / "simulate"


def play_many(program, seeds, first, jobs):
    each = [
        subprocess.Popen([program, "--seeds", str(max(seeds - job, 0)), "--from", str(first + job), "--step", str(jobs)])
        for job in range(min(jobs, seeds))
    ]
    return max(process.wait() for process in each)


def copy_source():
    """As it lies here, committed or not; what did not change keeps its time, so that little is built anew."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\n")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for name in wanted:
        source, target = ROOT / name, SCRATCH / name
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        target.touch()
    for folder in ("src", "tests/simulation"):
        for file in (SCRATCH / folder).rglob("*"):
            if file.is_file() and file.relative_to(SCRATCH).as_posix() not in wanted:
                file.unlink()


def plant(mutation):
    """Returns what brings the file back; None where the fault's place is not there any more."""
    file = SCRATCH / mutation["file"]
    text = file.read_text() if file.exists() else ""
    if text.count(mutation["old"]) != 1:
        return None
    file.write_text(text.replace(mutation["old"], mutation["new"]))
    return lambda: file.write_text(text)


def broken_days(program, first, most, stops=False):
    """(seed, what it said) of each day of the `most` first seeds, from `first` on, on which a promise was broken."""
    done = subprocess.run([program, "--seeds", str(most - first + 1), "--from", str(first), *(["--stop"] if stops else [])],
                          capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return [(0, f"the node aborts ({done.returncode})")]
    return [(int(seed), how) for seed, how in re.findall(r"^seed (\d+): (.*)$", done.stdout, re.MULTILINE)]


def hunt(program, most, known):
    """The first day that the fault broke, and what it said; days that are broken without it do not count."""
    first = 1
    while first <= most:
        found = broken_days(program, first, most, stops=True)
        if not found:
            return None
        seed, how = found[0]
        if known.get(seed) != how:
            return seed, how
        first = seed + 1
    return None


def hunt_mutations(only, most):
    mutations = [one for one in json.loads(MUTATIONS.read_text()) if not only or re.search(only, one["name"])]
    copy_source()
    known = dict(broken_days(build(SCRATCH), 1, most))
    print(f"without a fault {len(known)} of {most} days have a broken promise", flush=True)
    missed = 0
    for mutation in mutations:
        undo = plant(mutation)
        if undo is None:
            print(f"{mutation['name']}: its place in {mutation['file']} is not there any more", flush=True)
            missed += 1
            continue
        began = time.monotonic()
        try:
            found = hunt(build(SCRATCH), most, known)
        except SystemExit as failed:
            print(f"{mutation['name']}: does not compile; mend its text in {MUTATIONS.name}\n{failed}", flush=True)
            missed += 1
            continue
        finally:
            undo()
        took = time.monotonic() - began
        if found is None:
            print(f"{mutation['name']}: NOT FOUND in {most} days ({took:.0f} s)", flush=True)
            missed += 1
        else:
            seed, how = found
            print(f"{mutation['name']}: seed {seed}, after {seed} days ({took:.0f} s): {how[:160]}", flush=True)
    print(f"{len(mutations) - missed} of {len(mutations)} planted faults found")
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(prog="tools/simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=0, help="play so many days")
    parser.add_argument("--from", type=int, default=1, dest="first", help="beginning with this seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--seed", type=int, help="play this one")
    parser.add_argument("--shrink", action="store_true", help="with --seed: leave out what does not matter")
    parser.add_argument("--print", action="store_true", dest="printed", help="with --seed: tell everything that happens")
    parser.add_argument("--mutations", action="store_true", help="plant faults, and look whether they are found")
    parser.add_argument("--only", default="", help="with --mutations: those whose name this regular expression finds")
    parser.add_argument("--most", type=int, default=500, help="with --mutations: days for each")
    options = parser.parse_args()
    if options.mutations:
        return hunt_mutations(options.only, options.most)
    program = build(ROOT)
    if options.seeds:
        return play_many(program, options.seeds, options.first, options.jobs)
    if options.seed is None:
        parser.error("say which --seed, how many --seeds, or --mutations")
    extra = (["--shrink"] if options.shrink else []) + (["--print"] if options.printed else [])
    return subprocess.run([program, "--seed", str(options.seed), *extra]).returncode


if __name__ == "__main__":
    sys.exit(main())
