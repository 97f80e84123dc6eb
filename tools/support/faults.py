"""Fails the n-th system call of one kind in one role of a working node, n from 1 until a radiograph's way has no more of
them, and checks after each: the radiograph is acknowledged in the end, its report and its picture come once, nothing is
set aside, the node has not ended. Run by tools/faults, and in a sample by tests/crash."""

import argparse
import collections
import contextlib
import errno
import hashlib
import itertools
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import pydicom

from fault_plan import FOR_EVER, SHORT_WRITE, FaultPlan, word_for
from local_services import Hilum, Service, ServiceError, free_port, wait_until
from once_each import ONCE
from report_reading import SECONDARY_CAPTURE

DISK = (errno.EIO, errno.ENOSPC)
LACK = (errno.EMFILE, errno.ENOMEM)
ERRORS = {
    "open": (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM), "read": (errno.EIO,),
    "write": (*DISK, errno.EDQUOT, errno.EROFS, SHORT_WRITE), "sync": DISK, "rename": DISK, "unlink": (errno.EIO,),
    "truncate": DISK, "mkdir": DISK, "mmap": (errno.ENOMEM,), "memfd": LACK, "socketpair": LACK,
    "fork": (errno.EAGAIN, errno.ENOMEM), "accept": LACK, "sendmsg": (errno.ENOBUFS, errno.ENOMEM),
}
CALLS = {
    "coordinator": ("open", "read", "write", "sync", "rename", "truncate", "socketpair", "fork", "memfd", "sendmsg"),
    "listener": ("accept", "socketpair", "fork", "sendmsg"),
    "receiver": ("open", "read", "write", "sync", "rename", "mkdir", "memfd", "sendmsg"),
    "decoder": ("open", "read", "memfd", "mmap", "sendmsg"),
    "worker": ("memfd", "mmap", "sendmsg"),
    "composer": ("open", "read", "write", "sync", "rename", "mmap", "sendmsg"),
    "sender": ("open", "read", "sendmsg"),
}
ABOUT_FILES = ("open", "read", "write", "sync", "rename", "unlink", "truncate", "mkdir")
RADIOGRAPH = 256  # pixels of its longer side: what fails is the way, whatever comes along it
MOST_CALLS = 400  # of one kind on a radiograph's way; more is a loop


def configuration(folder, model, port, pacs_port):
    """hilum.yaml as JSON: short delays, and no more than three attempts, so that trouble that counts is seen."""
    return json.dumps({
        "node": {"data_dir": str(folder / "data")},
        "scp": {"port": port, "bind": "127.0.0.1", "min_free_space": "64MiB", "accept": [{"any": True}]},
        "models": [{"package": str(model), "device": "cpu", "threads": 1, "batch": {"max_size": 1}}],
        "decoder": {"processes": 1}, "composer": {"processes": 1},
        "study": {"idle_timeout": "50ms", "max_wait": "30s", "max_age": "none"},
        "retry": {"max_attempts": 3, "first_delay": "50ms", "longest_delay": "500ms"},
        "destinations": [{"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": pacs_port,
                          "first_delay": "50ms", "longest_delay": "500ms", "timeout": "5s"}],
        "http": {"listen": "127.0.0.1:0"}})


def light(dataset):
    """With a digest in place of the pixels, so that thousands may be kept."""
    if "PixelData" in dataset:
        dataset.PixelData = hashlib.sha256(dataset.PixelData).digest()
    return dataset


class Peer(Service):
    """storescp as the PACS: keeps every object that it is sent, each in a file of its own."""

    def __init__(self, folder):
        super().__init__("storescp", folder)
        self.port = free_port()
        self.objects = self.folder / "objects"
        self.objects.mkdir()
        self.read = {}

    def start(self):
        self.launch(["storescp", "-v", "-aet", "PACS", "-od", self.objects, "-uf", "-pm", str(self.port)])
        wait_until(lambda: subprocess.run(["echoscu", "127.0.0.1", str(self.port)], check=False,
                                          capture_output=True).returncode == 0, 30, "storescp is ready")
        return self

    def results(self):
        """{StudyInstanceUID: {(kind, SOPInstanceUID): [dataset, ...]}} of all that came."""
        for file in self.objects.iterdir():
            if file not in self.read:
                with contextlib.suppress(pydicom.errors.InvalidDicomError, EOFError, KeyError):
                    self.read[file] = light(pydicom.dcmread(file))  # where it is still being written, later
        found = collections.defaultdict(lambda: collections.defaultdict(list))
        for dataset in self.read.values():
            if "SOPClassUID" not in dataset or "StudyInstanceUID" not in dataset:
                continue
            kind = "sc" if dataset.SOPClassUID == SECONDARY_CAPTURE else "sr"
            found[str(dataset.StudyInstanceUID)][kind, str(dataset.SOPInstanceUID)].append(dataset)
        return found


def ask(data, sql):
    """The rows of a question to the database of that data directory."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/hilum.db?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(sql).fetchall()


def is_idle(data):
    return ask(data, "SELECT count(*) FROM job WHERE state IN ('queued', 'running')") == [(0,)]


class FaultyNode:
    """A node, its peer and its plan."""

    def __init__(self, folder, binaries, library, model, log=print):
        self.folder, self.log = pathlib.Path(folder), log
        self.peer = Peer(self.folder / "peer")
        self.plan = FaultPlan(self.folder / "plan")
        self.port = free_port()
        self.data = self.folder / "node" / "data"
        self.node = Hilum(binaries, self.folder / "node",
                          configuration(self.folder / "node", model, self.port, self.peer.port),
                          {"LD_PRELOAD": str(library), "HILUM_FAULTS": str(self.plan.file)})
        self.sent = []  # studies that were acknowledged
        self.tried = collections.Counter()  # (role, call, errno): how many n

    def start(self):
        made = self.node.run("phantom", "--count", 1, "--seed", 5, "--size", RADIOGRAPH, "--out", self.folder / "phantoms", seconds=600)
        if made.returncode != 0:
            raise ServiceError(f"hilum phantom: {made.stderr}")
        self.phantom = pydicom.dcmread(next((self.folder / "phantoms").glob("*.dcm")))
        self.peer.start()
        self.node.start()
        return self

    def stop(self):
        for service in (self.node, self.peer):
            service.kill()

    # ---- a radiograph's way ----

    def next_image(self):
        dataset = self.phantom
        dataset.StudyInstanceUID = pydicom.uid.generate_uid()
        dataset.SeriesInstanceUID = pydicom.uid.generate_uid()
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
        dataset.AccessionNumber = str(len(self.sent) + 1)
        file = self.folder / "image.dcm"
        dataset.save_as(file)
        return file, str(dataset.StudyInstanceUID)

    def send(self, file, seconds=120):
        """As a PACS does: again and again until it is answered 0000."""
        deadline = time.monotonic() + seconds
        while True:
            stored = subprocess.run(["storescu", "-v", "-to", "5", "-ta", "10", "-td", "10", "-aec", "HILUM", "127.0.0.1",
                                     str(self.port), str(file)], capture_output=True, text=True, errors="replace",
                                    check=False)
            if "Received Store Response (Success)" in stored.stdout + stored.stderr:
                return
            if time.monotonic() > deadline:
                raise ServiceError(f"the radiograph was not taken in {seconds} s: {stored.stderr[-500:]}")
            time.sleep(0.1)

    def has_results(self, study):
        return collections.Counter(kind for kind, _ in self.peer.results().get(study, {})) == ONCE

    def is_idle(self):
        return is_idle(self.data)

    def is_through(self, study):
        return self.has_results(study) and self.is_idle()

    def one_way(self, fault, seconds=150):
        """One radiograph from its C-STORE to its results; whatever goes wrong raises ServiceError."""
        file, study = self.next_image()
        self.send(file)
        self.sent.append(study)
        try:
            wait_until(lambda: self.has_ended() or self.is_through(study), seconds, f"{fault}: the results")
        except ServiceError as error:
            raise ServiceError(f"{error}; it has {self.peer.results().get(study, {}).keys()}, jobs "
                               f"{ask(self.data, 'SELECT lane, state, outcome, attempt, error FROM job ORDER BY id DESC LIMIT 6')}"
                               f"\n{self.node.log()[-4000:]}") from None
        self.check(fault)

    def has_ended(self):
        return not self.node.is_running()

    def check(self, fault):
        if self.has_ended():
            raise ServiceError(f"{fault}: hilumd ended with {self.node.process.returncode}:\n{self.node.log()[-4000:]}")
        set_aside = ask(self.data, "SELECT lane, outcome, error_code, error FROM job WHERE state NOT IN "
                             "('done', 'queued', 'running')")
        if set_aside:
            raise ServiceError(f"{fault}: set aside: {set_aside}")

    def check_once(self):
        """Every radiograph that was acknowledged has one report and one picture, the same whenever it was sent."""
        found = self.peer.results()
        wrong = {}
        for study in self.sent:
            results = found.get(study, {})
            if collections.Counter(kind for kind, _ in results) != ONCE:
                wrong[study] = [*results]
            for name, copies in results.items():
                if any(copy != copies[0] for copy in copies[1:]):
                    wrong[study] = f"{name} came in different forms"
        strangers = set(found) - set(self.sent)
        if wrong or strangers:
            raise ServiceError(f"not once: {wrong}; not sent: {strangers}")

    # ---- faults ----

    def folder_for(self, call):
        return f"{self.data}/" if call in ABOUT_FILES else ""

    def before(self, role, call):
        """Makes the calls happen that a radiograph alone does not need: of a child that is started again."""
        if role == "coordinator" and call in ("fork", "socketpair"):
            pid = next((pid for pid, of in self.node.descendants() if of == "decoder"), None)
            if pid:
                os.kill(pid, signal.SIGKILL)

    def try_one(self, role, call, error, number, times=1):
        """Whether there was such a call."""
        fault = f"{role} {call} {word_for(error)} at {number}" + (f", {times} times" if times != 1 else "")
        self.plan.arm(role, call, error, number, times, self.folder_for(call))
        self.before(role, call)
        self.one_way(fault)
        failed = self.plan.failed
        self.plan.disarm()
        if failed:
            self.tried[role, call, word_for(error)] += 1
        return failed > 0

    def try_all(self, role, call, error):
        for number in itertools.count(1):
            if number > MOST_CALLS:
                raise ServiceError(f"{role} {call}: more than {MOST_CALLS} calls for one radiograph")
            if not self.try_one(role, call, error, number):
                break
        self.log(f"{role:12} {call:10} {word_for(error):7} {self.tried[role, call, word_for(error)]} n", flush=True)

    def outage(self, role, call, error, seconds):
        """Every call fails for so long, while radiographs go on coming; then all of them get through."""
        fault = f"{role} {call} {word_for(error)} for {seconds} s"
        self.plan.arm(role, call, error, 1, FOR_EVER, self.folder_for(call))
        file, study = self.next_image()
        deadline = time.monotonic() + seconds
        with contextlib.suppress(ServiceError):
            self.send(file, seconds)
            self.sent.append(study)
        time.sleep(max(0.0, deadline - time.monotonic()))
        failed = self.plan.failed
        self.plan.disarm()
        if study not in self.sent:
            self.send(file)
            self.sent.append(study)
        wait_until(lambda: self.has_ended() or self.is_through(study), 150, f"{fault}: the results")
        self.check(fault)
        self.log(f"{fault}: {failed} calls failed", flush=True)
        return failed


def all_faults(role=None, call=None):
    return [(one, kind, error) for one, kinds in CALLS.items() for kind in kinds for error in ERRORS[kind]
            if role in (None, one) and call in (None, kind)]


def run(node, options):
    started = time.monotonic()
    if options.sample:
        chance = random.Random(options.seed)
        for role, call, error in chance.choices(all_faults(options.role, options.call), k=options.sample):
            node.try_one(role, call, error, chance.randint(1, 6))
    else:
        for role, call, error in all_faults(options.role, options.call):
            node.try_all(role, call, error)
            if not options.no_outages:
                node.outage(role, call, error, 3)
    node.check_once()
    total = sum(node.tried.values())
    print(f"{total} faults, {len(node.sent)} radiographs, each reported once, in {time.monotonic() - started:.0f} s")


def main():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tools/faults", description=__doc__)
    parser.add_argument("--role", choices=sorted(CALLS))
    parser.add_argument("--call", choices=sorted(ERRORS))
    parser.add_argument("--sample", type=int, default=0, help="so many by chance instead of all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--no-outages", action="store_true", help="only single calls fail")
    parser.add_argument("--build", type=pathlib.Path, default=source / "build" / "release")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="hilum-faults-") as folder:
        node = FaultyNode(folder, options.build / "bin", options.build / "tests" / "faulty_system.so",
                          source / "config" / "models" / "demo")
        try:
            node.start()
            run(node, options)
        except ServiceError as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
        finally:
            node.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
