"""Plays simulated days: many at once, one again, or many against planted faults."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
SCRATCH = ROOT / "build" / "mutations"  # a file with a fault, and what is made of it
MUTATIONS = ROOT / "tests" / "simulation" / "mutations.json"
LONGEST_DAY = 20  # seconds that a day may take: one in which the node loops for ever is found
DAYS_AT_ONCE = 5  # of one process


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
    codes = [process.wait() for process in each]  # below 0 of one that a signal ended
    return 1 if any(codes) else 0


class DoesNotCompile(Exception):
    pass


def run_in_build(command):
    done = subprocess.run(command, cwd=BUILD, shell=True, capture_output=True, text=True)
    if done.returncode != 0:
        raise DoesNotCompile((done.stdout + done.stderr)[-3000:])


def compiling(file):
    """The command that compiles it, by itself or with others of its library."""
    for one in json.loads((BUILD / "compile_commands.json").read_text()):
        compiled = pathlib.Path(one["file"])
        is_group = compiled.parent.name == "Unity" and compiled.exists()
        if compiled == file or (is_group and f'"{file}"' in compiled.read_text()):
            return one["command"]
    raise DoesNotCompile(f"nothing compiles {file}")


def build_with(mutation):
    """A simulator with this fault. One file is compiled, and linked before the library in which it lies without the fault:
    position-independent code calls the first of two functions that have one name. None where its place is not there any more."""
    file = ROOT / mutation["file"]
    text = file.read_text() if file.exists() else ""
    if text.count(mutation["old"]) != 1:
        return None
    SCRATCH.mkdir(exist_ok=True)
    source, compiled, mutant = SCRATCH / file.name, SCRATCH / "fault.o", SCRATCH / "simulate"
    source.write_text(text.replace(mutation["old"], mutation["new"]))
    run_in_build(re.sub(r" -o \S+ -c \S+$", f" -o {compiled} -c {source}", compiling(file)))
    linking = subprocess.run(["ninja", "-t", "commands", "simulate"], cwd=BUILD, check=True, capture_output=True,
                             text=True).stdout.splitlines()[-1]
    run_in_build(linking.replace(" -o bin/simulate ", f" {compiled} -Wl,-z,muldefs -o {mutant} "))
    return mutant


def broken_day(program, first, count):
    """(seed, what it said) of the first of these days on which a promise was broken, or the process ended or did not end."""
    command = [program, "--seeds", str(count), "--from", str(first), "--stop"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_DAY * count)
        told = re.search(r"^seed (\d+): (.*)$", done.stdout, re.MULTILINE)
        if done.returncode in (0, 1):
            return (int(told[1]), told[2]) if told else None
        how = f"the node goes on: its process ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        how = f"the day ends: it did not within {LONGEST_DAY * count} s"
    if count == 1:
        return first, how
    return next(filter(None, (broken_day(program, seed, 1) for seed in range(first, first + count))), (first, how))


def hunt(mutant, program, most):
    """The first day that the fault broke, and what it said; one that breaks in the same way without it does not count."""
    first = 1
    while first <= most:
        found = broken_day(mutant, first, min(DAYS_AT_ONCE, most - first + 1))
        if found is None:
            first += DAYS_AT_ONCE
        elif found == broken_day(program, found[0], 1):
            first = found[0] + 1
        else:
            return found
    return None


def try_fault(mutation, program, most):
    """A line of the table: (the seed that finds it or None, what was broken or why it was not found)."""
    try:
        mutant = build_with(mutation)
    except DoesNotCompile as failed:
        print(failed, flush=True)
        return None, f"does not compile: mend its text in {MUTATIONS.name}"
    if mutant is None:
        return None, f"its place in {mutation['file']} is not there any more"
    return hunt(mutant, program, most) or (None, f"NOT FOUND in {most} days")


def hunt_mutations(only, most):
    mutations = [one for one in json.loads(MUTATIONS.read_text()) if not only or re.search(only, one["name"])]
    program = build(ROOT)
    lines, missed = [], 0
    for mutation in mutations:
        began = time.monotonic()
        seed, how = try_fault(mutation, program, most)
        missed += seed is None
        print(f"{mutation['name']}: seed {seed}, {how[:200]} ({time.monotonic() - began:.0f} s)", flush=True)
        # Days are played in the order of their seeds, from 1 on.
        lines.append(f"| {mutation['name']} | {seed or '-'} | {seed or most} | {how.split(':')[0] if seed else how} |")
    print("\n| planted fault | found by seed | days played | promise |\n|---|---|---|---|")
    print("\n".join(lines))
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
