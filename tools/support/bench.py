"""Measures what a node does with more radiographs than it can analyse at once: how fast it receives, idle and under
load, how many studies a second it reports and delivers, against what the slowest stage does alone, and in which order
they leave. Run by tools/bench. All times are those of the audit trail, so that builds of different insides compare."""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import pydicom
from local_services import Hilum, Service, ServiceError, free_port, wait_until

TRIMMED = 0.1  # of a phase at each end, where it runs in and out
ROLES = ("listener", "coordinator", "decoder", "worker", "composer", "sender", "http")  # listener: with receivers
STAGES = ("analysing", "composing", "delivering")
IN_ORDER = "out of order by places, worst"
# study.analysed_ahead, and what a model's lane may hold beside them: as many may overtake a study.
MOST_OVERTAKEN = 20 + 16
AT_LEAST, AT_MOST = "at least", "at most"
GOALS = {"receiving, loaded / idle": (AT_LEAST, 0.8), "loaded / slowest stage": (AT_LEAST, 0.9),
         IN_ORDER: (AT_MOST, MOST_OVERTAKEN)}
DRAWINGS = 20
ANALYSED_AT_LEAST = 10  # a second, where a stage is measured alone


class Destination(Service):
    """storescp, which takes everything and keeps nothing."""

    def __init__(self, folder):
        super().__init__("storescp", folder)
        self.port = free_port()

    def start(self):
        self.launch(["storescp", "--ignore", self.port], {"TCP_NODELAY": "1"})
        return self


def configuration(folder, model, destination_port, idle_timeout="500ms"):
    """hilum.yaml as JSON; without a model it receives only."""
    models = [{"package": str(model), "device": "cpu", "batch": {"max_size": 1}}] if model else []
    return json.dumps({
        "node": {"data_dir": str(folder / "data"), "drain_timeout": "2s"},
        "scp": {"port": 0, "bind": "127.0.0.1", "min_free_space": "64MiB", "accept": [{"any": True}]},
        "models": models,
        "study": {"idle_timeout": idle_timeout, "max_wait": "1h", "max_age": "none"},
        "destinations": [{"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": destination_port,
                          "first_delay": "500ms", "longest_delay": "500ms"}],
        "http": {"listen": "127.0.0.1:0"}})


# ---- what the audit trail tells ----

def ends(events, kind):
    """When each study had its last event of this kind, in seconds: {Study Instance UID: time}, in order of time."""
    last = {}
    for event in events:
        if event["type"] == kind:
            last.pop(event["study_instance_uid"], None)
            last[event["study_instance_uid"]] = event["seconds"]
    return last


def rate(times):
    """A second, without the ends of the phase."""
    times = sorted(times)
    first = int(len(times) * TRIMMED)
    middle = times[first:len(times) - first]
    if len(middle) < 2 or middle[-1] <= middle[0]:
        raise ServiceError(f"{len(times)} are too few to tell a rate")
    return (len(middle) - 1) / (middle[-1] - middle[0])


def displacements(begun, finished):
    """By how many places each study left earlier or later than it came."""
    place = {study: index for index, study in enumerate(begun)}
    return sorted(abs(place[study] - index) for index, study in enumerate(finished))


# ---- one run of a node ----

class Run:
    """A node of one build with a data directory of its own, ended with the run."""

    def __init__(self, binaries, folder, text, destination):
        self.node = Hilum(binaries, folder, text)
        self.destination = destination

    def __enter__(self):
        self.node.start()
        return self

    def __exit__(self, *_):
        self.node.kill()
        if self.destination.process is not None:
            self.destination.kill()

    def store(self, files):
        sent = subprocess.run(["storescu", "-aet", "BENCH", "-aec", "HILUM", "+sd", "127.0.0.1", str(self.node.port),
                               str(files)], capture_output=True, text=True, errors="replace", check=False)
        if sent.returncode != 0:
            raise ServiceError(f"storescu: {sent.stderr[-1000:]}")

    def await_done(self, kind, count, seconds=7200):
        """Until so many jobs of a kind came to a good end and none is left."""
        last_words = {"analysis": "analysed", "report": "composed", "delivery": "delivered"}

        def done():
            status, body = self.node.ask("/api/v1/status")
            states = json.loads(body)["queue"].get(kind, {}) if status == 200 else {}
            left = states.get("queued", 0) + states.get("running", 0)
            time.sleep(0.5)
            return left == 0 and states.get(last_words[kind], 0) >= count

        wait_until(done, seconds, f"{count} of {kind} are {last_words[kind]}")

    def processor_seconds(self):
        """That each role has used: {role: seconds}."""
        used = {}
        for pid, role in [(self.node.process.pid, "coordinator"), *self.node.descendants()]:
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # a receiver that ended meanwhile
            role = role or "worker"
            # Receivers come and go: what those that ended used is in their listener's account.
            counted = fields[11:15] if role == "listener" else fields[11:13]
            used[role] = used.get(role, 0) + sum(int(field) for field in counted) / os.sysconf("SC_CLK_TCK")
        return used

    def events(self):
        exported = self.node.run("audit", "export", seconds=600)
        if exported.returncode != 0:
            raise ServiceError(f"hilum audit export: {exported.stderr}")
        return [read_event(line) for line in exported.stdout.splitlines()]


def read_event(line):
    event = json.loads(line)
    event["seconds"] = datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()
    return event


# ---- what is measured ----

class Backlog:
    """The same radiographs through each build in turn."""

    def __init__(self, folder, model, count):
        self.folder, self.model, self.count = pathlib.Path(folder), model, count
        self.runs = 0

    def draw(self, binaries):
        """Radiographs of a study each, in two folders of half of them; a few drawings serve all."""
        drawn = self.folder / "drawn"
        made = subprocess.run([binaries / "hilum", "phantom", "--count", str(DRAWINGS), "--size", "256", "--out", drawn],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise ServiceError(f"hilum phantom: {made.stderr}")
        datasets = [pydicom.dcmread(file) for file in sorted(drawn.glob("*.dcm"))]
        for index in range(self.count):
            dataset = datasets[index % DRAWINGS]
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
            dataset.StudyInstanceUID = pydicom.uid.generate_uid()
            dataset.SeriesInstanceUID = pydicom.uid.generate_uid()
            target = self.half(2 * index // self.count) / f"{index:06}.dcm"
            target.parent.mkdir(exist_ok=True)
            dataset.save_as(target)

    def half(self, number):
        return self.folder / f"half-{number}"

    def run(self, binaries, model, idle_timeout="500ms"):
        self.runs += 1
        folder = self.folder / f"run-{self.runs}"
        destination = Destination(folder)
        return Run(binaries, folder, configuration(folder, model, destination.port, idle_timeout), destination)

    def measure(self, binaries):
        """All figures of one build: {what: number}."""
        figures = {"receiving, idle": self.receiving_alone(binaries), **self.stages_alone(binaries)}
        figures.update(self.loaded(binaries))
        figures["receiving, loaded / idle"] = figures["receiving, loaded"] / figures["receiving, idle"]
        slowest = min(figures[f"{stage}, alone"] for stage in STAGES)
        figures["loaded / slowest stage"] = figures["results, loaded"] / slowest
        return figures

    def receiving_alone(self, binaries):
        with self.run(binaries, model=None) as run:
            run.store(self.half(0))
            return rate(ends(run.events(), "instance_received").values())

    def stages_alone(self, binaries):
        """Half of them: all are analysed before the first is due, and reported before their destination is there."""
        half = len(list(self.half(0).iterdir()))
        with self.run(binaries, self.model, f"{10 + half // ANALYSED_AT_LEAST}s") as run:
            run.store(self.half(0))
            run.await_done("report", half)
            run.destination.start()
            run.await_done("delivery", 2 * half)
            events = run.events()
        received, analysed, composed, delivered = (
            ends(events, kind) for kind in ("instance_received", "analysed", "result_composed", "result_delivered"))
        if max(analysed.values()) > min(composed.values()):
            raise ServiceError("the machine is too slow: reports were due before all was analysed")
        quiet = max(received.values())
        return {"analysing, alone": rate(at for at in analysed.values() if at > quiet),
                "composing, alone": rate(composed.values()), "delivering, alone": rate(delivered.values())}

    def loaded(self, binaries):
        """The second half comes while the first is worked on."""
        with self.run(binaries, self.model) as run:
            before = run.processor_seconds()
            run.destination.start()
            run.store(self.half(0))
            run.store(self.half(1))
            run.await_done("delivery", 2 * self.count)
            after = run.processor_seconds()
            events = run.events()
        received, analysed, delivered = (ends(events, kind)
                                         for kind in ("instance_received", "analysed", "result_delivered"))
        order = list(received)
        loaded = [received[study] for study in order[len(order) // 2:]]
        moved = displacements(order, list(delivered))
        waits = sorted(delivered[study] - received[study] for study in order)
        return {"receiving, loaded": rate(loaded), "results, loaded": rate(delivered.values()),
                "analysed ahead, worst": most_ahead(analysed, delivered),
                IN_ORDER: moved[-1], "out of order by places, 99 %": moved[len(moved) * 99 // 100],
                "first result after, s": waits[0], "half of them after, s": waits[len(waits) // 2],
                "last result after, s": max(delivered.values()) - min(received.values()),
                **processor_figures(before, after, self.count)}


def processor_figures(before, after, studies):
    """Milliseconds a study of each role, all its processes together."""
    used = {role: 1000 * (after.get(role, 0) - before.get(role, 0)) / studies for role in ROLES}
    figures = {f"{role}, processor ms a study": figure for role, figure in used.items()}
    return {**figures, "all roles, processor ms a study": sum(used.values())}


def verdict(what, figure):
    """What the goal is and whether it is reached; empty where there is none."""
    if what not in GOALS:
        return ""
    direction, bound = GOALS[what]
    reached = figure >= bound if direction == AT_LEAST else figure <= bound
    return f"   {'pass' if reached else 'FAIL'}: {direction} {bound}"


def most_ahead(analysed, delivered):
    """How many studies at most were analysed and not yet delivered."""
    steps = sorted([(at, 1) for at in analysed.values()] + [(at, -1) for at in delivered.values()])
    ahead = most = 0
    for _, step in steps:
        ahead += step
        most = max(most, ahead)
    return most


def print_table(figures):
    """`figures`: {name of a build: [{what: number} of each round]}; the medians."""
    builds = list(figures)
    print(f"{'':32}" + "".join(f"{build:>14}" for build in builds))
    for what in figures[builds[0]][0]:
        medians = [statistics.median(one[what] for one in figures[build]) for build in builds]
        print(f"{what:32}" + "".join(f"{median:14.2f}" for median in medians) + verdict(what, medians[-1]))
    print("pass and FAIL: of the last column")
    print("rates: studies a second, of one image each; the median of the rounds, without the ends of each phase")


def main():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("what", choices=["backlog"])
    parser.add_argument("--count", type=int, default=2000, help="radiographs, 40 or more")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=source / "build" / "release", help="build folder")
    parser.add_argument("--against", type=pathlib.Path, help="build folder to compare with, in turn")
    options = parser.parse_args()
    if options.count < 40:
        parser.error("--count must be 40 or more")
    builds = {"against": options.against, "this": options.build} if options.against else {"this": options.build}
    builds = {name: folder.resolve() / "bin" for name, folder in builds.items()}
    figures = {name: [] for name in builds}
    print(f"{options.count} radiographs, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start", flush=True)
    with tempfile.TemporaryDirectory(prefix="hilum-bench-") as folder:
        backlog = Backlog(folder, source / "config" / "models" / "demo", options.count)
        try:
            backlog.draw(builds["this"])
            for _ in range(options.rounds):
                for name, binaries in builds.items():
                    figures[name].append(backlog.measure(binaries))
        except ServiceError as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
    print_table(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
