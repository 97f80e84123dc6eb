"""The steps of tools/nightly: what each runs in a night or in minutes, within which time, and which figures its log tells."""

import dataclasses
import datetime
import json
import os
import re
from collections.abc import Callable

from local_services import SANITIZER_REPORT


class NoFigures(Exception):
    """A log lacks what a run that went well tells at its end."""


def number(pattern, log):
    found = re.search(pattern, log, re.MULTILINE)
    if found is None:
        raise NoFigures(f"its log has no line like {pattern!r}")
    return int(found[1])


def thousands(value):
    return f"{value:,}"


def tests_in(log):
    skipped = len(re.findall(r"\*\*\*Skipped", log))
    failed = number(r"tests passed, (\d+) tests? failed out of", log)
    return {"tests": number(r"tests? failed out of (\d+)", log), "failed": failed, "skipped": skipped,
            "sanitizer_reports": len(SANITIZER_REPORT.findall(log))}


def tell_tests(figures):
    return (f"{thousands(figures['tests'])} tests, {figures['failed']} failed, {figures['skipped']} skipped; "
            f"{figures['sanitizer_reports']} reports of the sanitizer")


def kills_in(log):
    killed = re.search(r"^all (\d+) came back once; killed: \{(.*)\}$", log, re.MULTILINE)
    if killed is None:
        raise NoFigures("its log does not say that all came back once")
    return {"radiographs": int(killed[1]), "kills": sum(int(count) for count in re.findall(r": (\d+)", killed[2])),
            "seed": number(r"^seed (\d+)$", log)}


def power_cuts_in(log):
    return {"cuts": number(r"^(\d+) power cuts: nothing lost, nothing twice$", log),
            "radiographs": number(r"^(\d+) radiographs: \d+ events", log),
            "syncs": number(r"^\d+ radiographs: \d+ events, (\d+) syncs", log), "seed": number(r"^seed (\d+)$", log)}


def faults_in(log):
    end = r"^(\d+) faults, (\d+) outages, (\d+) radiographs, each reported once"
    found = re.search(end, log, re.MULTILINE)
    if found is None:
        raise NoFigures("its log does not say that each radiograph was reported once")
    return dict(zip(("faults", "outages", "radiographs"), map(int, found.groups())))


def fill_in(log):
    end = r"^(\d+) radiographs, (\d+) MiB, in \d+ s; at most (\d+) MiB kept of (\d+);"
    found = re.search(end, log, re.MULTILINE)
    if found is None:
        raise NoFigures("its log does not say how much was kept")
    radiographs, sent, kept, budget = map(int, found.groups())
    return {"radiographs": radiographs, "sent_mib": sent, "kept_mib": kept, "budget_mib": budget, "seed": number(r"^seed (\d+)$", log)}


def hostile_in(log):
    found = re.search(r"^\{$.*?^\}$", log, re.MULTILINE | re.DOTALL)
    if found is None:
        raise NoFigures("its log has no figures")
    told = json.loads(found[0])
    return {"echo_p99": told["echo"]["p99"], "store_p99": told["store"]["p99"], "healthz_p99": told["healthz"]["p99"],
            "attacks": sum(told["attacks"].values()), "audit_rows": sum(told["audit_rows"].values()),
            "memory_mib": [told["calm"]["memory_mib"], told["during"]["memory_mib"]], "seed": number(r"^seed (\d+)$", log)}


def fuzzing_in(log):
    runs = [int(count) for count in re.findall(r"^stat::number_of_executed_units: (\d+)$", log, re.MULTILINE)]
    if not runs:
        raise NoFigures("no fuzzer told how many inputs it ran")
    return {"targets": len(runs), "inputs": sum(runs), "seconds_each": number(r"^\w+: (\d+) s$", log),
            "findings": len(re.findall(r"^SUMMARY: ", log, re.MULTILINE))}


def days_in(log):
    jobs = re.findall(r"^(\d+) days played, (\d+) with a broken promise", log, re.MULTILINE)
    if not jobs:
        raise NoFigures("its log does not say how many days were played")
    return {"days": sum(int(days) for days, _ in jobs), "broken": sum(int(broken) for _, broken in jobs)}


def package_in(log):
    built = re.search(r"^([0-9a-f]{64})  (\S+)\.deb$", log, re.MULTILINE)
    if built is None or "\na second build in another folder gives the same bytes\n" not in log:
        raise NoFigures("its log does not say that two builds gave the same bytes")
    return {"package": built[2], "sha256": built[1]}


def planted_in(log):
    return {"found": number(r"^(\d+) of \d+ planted faults found$", log), "planted": number(r"^\d+ of (\d+) planted", log),
            "days": number(r"^\$ tools/simulate --mutations --most (\d+)", log)}


@dataclasses.dataclass(frozen=True)
class Step:
    """`night` and `quick`: commands, one after the other. Limits are minutes. `tell` words the figures for the page."""
    name: str
    what: str
    night: list
    quick: list
    limit: int
    quick_limit: int
    figures: Callable = None
    tell: Callable = None


def jobs():
    return str(len(os.sched_getaffinity(0)))


def built(preset, *targets):
    """Configures and builds; an empty list of targets is all."""
    named = ["--target", *targets] if targets else []
    return [["cmake", "--preset", preset, "-DHILUM_BUILD_TESTS=ON"], ["cmake", "--build", "--preset", preset, *named]]


def tested(preset):
    """The whole suite, but for the package's tests, which look at a release build."""
    return [*built(preset), ["ctest", "--preset", preset, "-j", "2", "-LE", "packaging"]]


# Of base_test and store_test: threads, processes, the database.
A_FEW_SUITES = ("ChannelTest", "HeartbeatTest", "Spawn", "CommitQueueTest", "Database", "TransactionTest", "Store/ClaimContract")


def tested_a_little(preset):
    return [*built(preset, "base_test", "store_test"), ["ctest", "--preset", preset, "-j", "2", "-R", f"^({'|'.join(A_FEW_SUITES)})[.]"]]


def with_node(*command):
    return [*built("release", "hilumd", "hilum", "hilum-worker", "faulty_system"), list(command)]


def first_seed(day):
    """Each day has a thousand seeds of its own."""
    return int(day.strftime("%Y%m%d")) * 1000


def steps(day=None):
    first = first_seed(day or datetime.date.today())
    return [
        Step("asan", "the test suite under AddressSanitizer and UndefinedBehaviorSanitizer", tested("asan"), tested_a_little("asan"),
             300, 60, tests_in, tell_tests),
        Step("tsan", "the test suite under ThreadSanitizer", tested("tsan"), tested_a_little("tsan"), 300, 60, tests_in, tell_tests),
        Step("torture", "kills (kill -9 of one process, or of all) while radiographs come",
             with_node("tools/torture", "--count", "300", "--kills", "1000"), with_node("tools/torture", "--count", "6", "--kills", "5"),
             180, 20, kills_in, lambda f: f"{thousands(f['kills'])} kills, {f['radiographs']} radiographs, each reported once (seed {f['seed']})"),
        Step("power_cuts", "power cuts, before and after every sync in the record of a node that took 60 radiographs, with what was not synced gone, there or torn",
             with_node("tools/power_cuts", "--count", "60", "--jobs", jobs()), with_node("tools/power_cuts", "--count", "3", "--cuts", "4"),
             180, 20, power_cuts_in,
             lambda f: f"{thousands(f['cuts'])} power cuts at {thousands(f['syncs'])} syncs of {f['radiographs']} radiographs: nothing "
                       f"acknowledged missing, nothing reported twice (seed {f['seed']})"),
        Step("faults", "system calls that fail, each of a radiograph's way in each role and of a start after kill -9, and all of a kind for a while",
             with_node("tools/faults", "--jobs", jobs()), with_node("tools/faults", "--sample", "8"), 300, 20, faults_in,
             lambda f: f"{thousands(f['faults'])} faults and {f['outages']} outages, {thousands(f['radiographs'])} radiographs, each reported once"),
        Step("fill", "ten times more than the budget of retention, one radiograph after the other, on a disk that somebody fills three times",
             with_node("tools/fill"), with_node("tools/fill", "--budget", "150", "--send", "450", "--size", "1424"), 60, 20, fill_in,
             lambda f: f"{thousands(f['radiographs'])} radiographs of {thousands(f['sent_mib'])} MiB, each reported once; at most "
                       f"{thousands(f['kept_mib'])} MiB kept of {thousands(f['budget_mib'])} (seed {f['seed']})"),
        Step("hostile", "a hostile network beside a PACS that sends: 1,000 silent and half-open connections, aborts, mutated PDUs, slow HTTP",
             with_node("tools/hostile", "--seconds", "600"), with_node("tools/hostile", "--seconds", "15", "--connections", "200"),
             30, 20, hostile_in,
             lambda f: f"C-ECHO p99 {f['echo_p99']:.2f} s, C-STORE p99 {f['store_p99']:.2f} s, none failed; {f['audit_rows']} audit rows for "
                       f"{thousands(f['attacks'])} connections; memory {f['memory_mib'][0]} to {f['memory_mib'][1]} MiB"),
        Step("fuzz", "fuzzers of what reads foreign bytes, with sanitizers", [["tools/fuzz", "600"]], [["tools/fuzz", "8"]], 180, 60,
             fuzzing_in, lambda f: f"{f['targets']} targets, {f['seconds_each']} s each, {thousands(f['inputs'])} inputs, {f['findings']} findings"),
        Step("simulate", "simulated days of the coordinator (kills, power cuts, a full or failing disk, damaged files, retention, clocks "
                         "that are set, destinations that go, operators), with seeds of the date",
             [["tools/simulate", "--seeds", "1000", "--from", str(first), "--jobs", jobs()]],
             [["tools/simulate", "--seeds", "20", "--from", str(first), "--jobs", jobs()]], 120, 20, days_in,
             lambda f: f"{thousands(f['days'])} days from seed {first} on, {f['broken'] or 'none'} with a broken promise"),
        Step("planted", "planted faults in the coordinator, which the days must find", [["tools/simulate", "--mutations", "--most", "60"]],
             [["tools/simulate", "--mutations", "--most", "20", "--only", "^a claim without a fence$"]], 180, 20, planted_in,
             lambda f: f"{f['found']} of {f['planted']} within {f['days']} days"),
        # It has no short form: a build is a build.
        Step("package", "two builds of the Debian package, in two folders, the second without ccache", [["tools/package", "--twice"]],
             [["tools/package", "--twice"]], 240, 240, package_in, lambda f: f"the same bytes: {f['package']}, SHA-256 {f['sha256'][:16]}..."),
    ]
