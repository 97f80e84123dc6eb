"""Records what a node does to its disk and tells its peers while it takes radiographs and reports them; then cuts the
power in that record at one sync after the other, starts a node on what the disk would hold, and checks: every radiograph
whose C-STORE had been answered 0000 is reported once, results that the PACS may have got before the cut come again with
the same bytes or not at all, nothing is set aside, and the node settles. Run by tools/power_cuts, in a sample by tests."""

import argparse
import collections
import itertools
import multiprocessing
import pathlib
import random
import shutil
import struct
import sys
import tempfile
import time

from faulty_node import FaultyNode, Peer, ask, configuration, is_idle
from local_services import Hilum, ServiceError, folder_kept_on_failure, free_port, wait_until
from once_each import ONCE
from power_cut_disk import Disk, read_trace
from report_reading import SECONDARY_CAPTURE

ON_THE_WAY = 3  # radiographs of the recorded run at a time: in all states, and few enough for a node to be through soon
WAYS = ("nothing", "all", "chance")
C_STORE_RQ, C_STORE_RSP, SUCCESS = 0x0001, 0x8001, 0x0000
GROUP_LENGTH = struct.pack("<HHI", 0, 0, 4)


def command_of(data):
    """(command field, status or None, affected SOP Instance UID) of what was sent, where a command set is in it."""
    at = data.find(GROUP_LENGTH)
    elements = {}
    while 0 <= at <= len(data) - 8:  # Implicit VR Little Endian (PS3.7 6.3.1)
        group, element, length = struct.unpack_from("<HHI", data, at)
        if group != 0:
            break
        elements[element] = data[at + 8:at + 8 + length]
        at += 8 + length

    def number(element):
        value = elements.get(element, b"")
        return int.from_bytes(value, "little") if len(value) == 2 else None
    return number(0x0100), number(0x0900), elements.get(0x1000, b"").decode(errors="replace").rstrip("\0 ")


def told_by(event):
    """("acknowledged" or "reached", SOP Instance UID) where what was sent tells a peer that; None otherwise."""
    field, status, uid = command_of(event.data) if event.kind == "sent" else (None, None, "")
    if event.path == "receiver" and field == C_STORE_RSP and status == SUCCESS:
        return "acknowledged", uid
    return ("reached", uid) if event.path == "sender" and field == C_STORE_RQ else None


def differences(one, other):
    """The elements that two data sets do not share, by tag: what they are, and no value of them."""
    tags = sorted(set(one.keys()) | set(other.keys()))
    return ", ".join(f"{tag} {'differs' if tag in one and tag in other else 'is missing in one'}" for tag in tags
                     if one.get(tag) != other.get(tag))


class RecordedRun:
    """A run of `count` radiographs: its trace, its radiographs, and what the PACS got."""

    def __init__(self, folder, binaries, library, model, count, log=print):
        self.folder, self.binaries = pathlib.Path(folder), binaries
        self.trace = self.folder / "trace"
        self.trace.touch()
        self.count, self.log = count, log
        self.node = FaultyNode(self.folder / "run", binaries, library, model, log)
        self.model = self.node.model  # by the name of its folder work is queued for it
        self.node.node.environment |= {"HILUM_TRACE": str(self.trace),
                                       "HILUM_TRACE_FOLDER": str(self.node.data)}
        self.study_of = {}  # of each radiograph, by SOP Instance UID

    def record(self):
        try:
            self.node.start()
            for number in range(self.count):
                if number >= ON_THE_WAY:
                    self.await_results(self.node.sent[number - ON_THE_WAY])
                file, study = self.node.next_image()
                self.study_of[str(self.node.phantom.SOPInstanceUID)] = study
                self.node.send(file)
                self.node.sent.append(study)
            for study in self.node.sent:
                self.await_results(study)
            wait_until(self.node.is_idle, 60, "the recorded run's end")
            self.node.check_once()
            self.node.node.stop()
        finally:
            self.node.stop()
        self.results = {uid: copies[0] for of_study in self.node.peer.results().values()
                        for (_, uid), copies in of_study.items()}
        self.events = read_trace(self.trace)
        self.syncs = [i for i, event in enumerate(self.events) if event.kind == "sync"]
        course = Course(self)
        course.go_to(len(self.events))
        told = (course.acknowledged, course.reached)
        if told != (set(self.study_of), set(self.results)):
            raise ServiceError(f"the trace does not tell all that was sent: {told}")
        self.log(f"{self.count} radiographs: {len(self.events)} events, {len(self.syncs)} syncs", flush=True)
        return self

    def await_results(self, study):
        wait_until(lambda: self.node.has_results(study), 60, f"the recorded run's results of {study}")


class Course:
    """How far a recorded run has got: its disk, and what its peers were told. It goes forward only."""

    def __init__(self, run):
        self.run, self.at = run, 0
        self.disk = Disk(run.node.data)
        self.acknowledged, self.reached = set(), set()

    def go_to(self, at):
        """The events before `at` have happened."""
        for event in self.run.events[self.at:at]:
            self.disk.happen(event)
            if event.kind == "sent":
                self._tell(event)
        self.at = at

    def _tell(self, event):
        what = told_by(event)
        if what:
            {"acknowledged": self.acknowledged, "reached": self.reached}[what[0]].add(what[1])

    def cut(self, way, seed):
        """The power goes now; a node starts on what is left, which stays where it does not go on as it must. Raises ServiceError."""
        place = pathlib.Path(tempfile.mkdtemp(prefix="cut-", dir=self.run.folder))
        self.disk.leave(place / "node" / "data", random.Random(seed), way)
        Restart(self.run, place).settle(self.acknowledged, self.reached)
        shutil.rmtree(place, ignore_errors=True)


class Restart:
    """The node after a power cut, with a PACS that has what reached it before."""

    def __init__(self, run, place):
        self.run, self.place = run, place
        self.peer = Peer(place / "peer")
        self.data = place / "node" / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.node = Hilum(run.binaries, place / "node",
                          configuration(place / "node", run.model, free_port(), self.peer.port))

    def settle(self, acknowledged, reached):
        wanted = {self.run.study_of[uid] for uid in acknowledged}
        try:
            self.peer.start()
            self.node.start()
            wait_until(lambda: not self.missing(wanted, reached) and is_idle(self.data), 120,
                       "the node settles")
        except ServiceError as error:
            raise ServiceError(f"{error}; {self.missing(wanted, reached)}\n{self.node.log()[-3000:]}") from None
        finally:
            self.node.kill()
            self.peer.kill()
        self.peer.read_again()
        self.check(reached)

    def all_results(self, reached):
        """{study: {(kind, uid)}} of what the PACS had before and what came."""
        found = collections.defaultdict(set)
        for uid in reached:
            dataset = self.run.results[uid]
            found[str(dataset.StudyInstanceUID)].add(("sc" if dataset.SOPClassUID == SECONDARY_CAPTURE else "sr", uid))
        for study, results in self.peer.results().items():
            found[study] |= set(results)
        return found

    def missing(self, wanted, reached):
        found = self.all_results(reached)
        return [study for study in wanted if collections.Counter(kind for kind, _ in found[study]) != ONCE]

    def check(self, reached):
        for study, results in self.all_results(reached).items():
            kinds = collections.Counter(kind for kind, _ in results)
            if max(kinds.values()) > 1:
                raise ServiceError(f"reported twice: {study}: {results}")
        for results in self.peer.results().values():
            for (_, uid), copies in results.items():
                before = self.run.results.get(uid) if uid in reached else copies[0]
                for copy in copies:
                    if copy != before:
                        raise ServiceError(f"{uid} came with other bytes than before: {differences(before, copy)}")
        set_aside = ask(self.data, "SELECT lane, outcome, error FROM job WHERE state NOT IN "
                                   "('done', 'queued', 'running')")
        if set_aside:
            raise ServiceError(f"set aside: {set_aside}")


def all_cuts(run, in_turn=False):
    """Before and after each sync and at the end, in each way or in one after the other; none twice that would be the same."""
    points = sorted({at + after for at in run.syncs for after in (0, 1)} | {len(run.events)})
    if in_turn:
        return list(zip(points, itertools.cycle(WAYS)))
    return [(at, way) for before, at in itertools.pairwise([0, *points]) for way in WAYS if is_another(run.events[before:at], way)]


def is_another(events, way):
    """Whether a cut after these events leaves or demands something else than one before them."""
    matters = {"nothing": lambda event: event.kind == "sync" or told_by(event), "all": lambda event: event.kind != "sync",
               "chance": lambda _: True}[way]
    return any(matters(event) for event in events)


def cut_each(run, cuts):
    """What was wrong, of each that did not go well. `cuts`: (at, way, seed), in order."""
    course, wrong = Course(run), []
    for number, (at, way, seed) in enumerate(cuts, 1):
        started = time.monotonic()
        course.go_to(at)
        try:
            course.cut(way, seed)
        except Exception as error:  # whatever it is (a database that is damaged, too), the others are made
            wrong.append(f"cut before event {at} of {len(run.events)}, {way}, seed {seed}: {type(error).__name__}: {error}")
            run.log(f"FAILED: {wrong[-1]}", flush=True)
            continue
        run.log(f"{number}/{len(cuts)}: before event {at}, {way}: {len(course.acknowledged)} acknowledged, "
                f"{len(course.reached)} results sent, settled in {time.monotonic() - started:.1f} s", flush=True)
    return wrong


class Inherited:
    """A recorded run as the processes of a pool inherit it: too much to send to each."""
    run = None

    @classmethod
    def set(cls, run):
        cls.run = run

    @classmethod
    def cut_each(cls, cuts):
        return cut_each(cls.run, cuts)


def run_cuts(run, cuts, seed, jobs=1, in_turn=False):
    """So many by chance, or all (0) of all_cuts, in so many processes; one that fails keeps none of the others from being made.
    How many there were. Raises ServiceError in the end where one failed."""
    chance, every = random.Random(seed), all_cuts(run, in_turn)
    chosen = sorted(chance.sample(range(len(every)), min(cuts, len(every)))) if cuts else range(len(every))
    numbered = [(*every[index], seed + index) for index in chosen]
    if jobs == 1:
        wrong = cut_each(run, numbered)
    else:
        with multiprocessing.get_context("fork").Pool(jobs, Inherited.set, (run,)) as pool:
            parts = pool.map(Inherited.cut_each, [numbered[job::jobs] for job in range(jobs)], chunksize=1)
        wrong = list(itertools.chain.from_iterable(parts))
    if wrong:
        raise ServiceError(f"{len(wrong)} of {len(numbered)} power cuts: " + "\n".join(wrong))
    return len(numbered)


def main():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tools/power_cuts", description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="radiographs of the recorded run")
    parser.add_argument("--cuts", type=int, default=0, help="so many by chance instead of all")
    parser.add_argument("--in-turn", action="store_true", help="at each sync one of the three ways, a third of the cuts")
    parser.add_argument("--jobs", type=int, default=1, help="so many cuts at once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--build", type=pathlib.Path, default=source / "build" / "release")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    try:
        with folder_kept_on_failure("hilum-power-cuts-") as folder:
            run = RecordedRun(folder, options.build / "bin", options.build / "tests" / "faulty_system.so",
                              source / "config" / "models" / "demo", options.count).record()
            done = run_cuts(run, options.cuts, options.seed, options.jobs, options.in_turn)
    except ServiceError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"{done} power cuts: nothing lost, nothing twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
