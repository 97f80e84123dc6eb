"""A node whose system calls fail by plan, with a peer that keeps what it is sent, and what must hold of the two: each
radiograph is acknowledged in the end, its report and its picture come once, nothing is set aside. For faults.py and power_cuts.py."""

import collections
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from http.client import HTTPException

import numpy
import pydicom

from fault_plan import FOR_EVER, FaultPlan, word_for
from local_services import Hilum, Service, ServiceError, free_port, wait_until
from once_each import ONCE
from report_reading import SECONDARY_CAPTURE

ABOUT_FILES = ("open", "read", "write", "sync", "rename", "unlink", "truncate", "mkdir", "readdir", "stat")
RADIOGRAPH = 256  # pixels of its longer side: what fails is the way, whatever comes along it
STARTS = 4  # of a node that ends while one call fails: the one that fails, and what comes of it


def configuration(folder, model, port, pacs_port, others=None):
    """hilum.yaml as JSON: short delays, and no more than three attempts, so that trouble that counts is seen."""
    return json.dumps({
        "node": {"data_dir": str(folder / "data")},
        "scp": {"port": port, "bind": "127.0.0.1", "min_free_space": "64MiB", "accept": [{"any": True}]},
        "models": [{"package": str(model), "device": "cpu", "threads": 1, "batch": {"max_size": 1}}],
        "decoder": {"processes": 1}, "composer": {"processes": 1},
        "study": {"idle_timeout": "50ms", "max_wait": "30s", "max_age": "none"},
        "retry": {"max_attempts": 3, "first_delay": "50ms", "longest_delay": "500ms"},
        "destinations": [{"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": pacs_port,
                          "first_delay": "50ms", "longest_delay": "500ms", "timeout": "5s"},
                         *([others.destination()] if others else [])],
        "audit": others.audit() if others else {},
        "http": {"listen": f"127.0.0.1:{free_port()}"}})


class Pictures:
    """Tells captures of one radiograph apart that show more than other times: without pixels, or in letters that are boxes."""
    MOST = 5000  # samples of other figures of a date and a time

    def __init__(self):
        self.first = None

    def is_another(self, dataset):
        samples = numpy.frombuffer(dataset.get("PixelData") or b"", numpy.uint8)
        if samples.size != dataset.Rows * dataset.Columns * dataset.SamplesPerPixel:
            return True  # it lacks some, or is still being written
        if self.first is None:
            self.first = samples
        return samples.size != self.first.size or numpy.count_nonzero(samples != self.first) > self.MOST


def light(dataset):
    """With a digest in place of the pixels, so that thousands may be kept."""
    if dataset.get("PixelData"):
        dataset.PixelData = hashlib.sha256(dataset.PixelData).digest()
    return dataset


def numbers_in(dataset):
    """Of a report, in order."""
    found = [str(measured.NumericValue) for measured in dataset.get("MeasuredValueSequence") or ()]
    for item in dataset.get("ContentSequence") or ():
        found += numbers_in(item)
    return found


class Peer(Service):
    """storescp as the PACS: keeps every object that it is sent, each in a file of its own."""

    def __init__(self, folder):
        super().__init__("storescp", folder)
        self.port = free_port()
        self.objects = self.folder / "objects"
        self.objects.mkdir()
        self.pictures = Pictures()
        self.read_again()

    def start(self):
        self.launch(["storescp", "-v", "-aet", "PACS", "-od", self.objects, "-uf", "-pm", str(self.port)])
        wait_until(lambda: subprocess.run(["echoscu", "127.0.0.1", str(self.port)], check=False,
                                          capture_output=True).returncode == 0, 30, "storescp is ready")
        return self

    def results(self):
        """{StudyInstanceUID: {(kind, SOPInstanceUID): [dataset, ...]}} of all that came."""
        for file in self.objects.iterdir():
            if file not in self.read:
                with contextlib.suppress(pydicom.errors.InvalidDicomError, EOFError, KeyError):  # still being written
                    self.keep(file, pydicom.dcmread(file))
        return self.found

    def keep(self, file, dataset):
        if "SOPClassUID" not in dataset or "StudyInstanceUID" not in dataset:
            return
        self.read.add(file)
        kind = "sc" if dataset.SOPClassUID == SECONDARY_CAPTURE else "sr"
        if kind == "sc" and self.pictures.is_another(dataset):
            self.other_pictures.add(str(dataset.SOPInstanceUID))
        self.found[str(dataset.StudyInstanceUID)][kind, str(dataset.SOPInstanceUID)].append(light(dataset))

    def read_again(self):
        """What was read while it was being written may lack its end."""
        self.read, self.other_pictures = set(), set()
        self.found = collections.defaultdict(lambda: collections.defaultdict(list))

    def forget(self):
        """Of thousands of radiographs those that were checked would make each look at the others slower."""
        for file in self.objects.iterdir():
            file.unlink()
        self.read_again()


def ask(data, sql):
    """The rows of a question to the database of that data directory."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/hilum.db?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(sql).fetchall()


def is_idle(data):
    return ask(data, "SELECT count(*) FROM job WHERE state IN ('queued', 'running')") == [(0,)]


def preloaded(library):
    """The value of LD_PRELOAD: a sanitizer's run-time library that `library` is built for has to be loaded before it."""
    needed = subprocess.run(["ldd", str(library)], capture_output=True, text=True, check=True).stdout
    return " ".join([*re.findall(r"lib[at]san\.so\S*(?= =>)", needed), str(library)])


class FaultyNode:
    """A node, its peer and its plan. `others`: peers that are started, OtherPeers."""

    def __init__(self, folder, binaries, library, model, log=print, others=None):
        self.folder, self.log, self.others = pathlib.Path(folder), log, others
        self.peer = Peer(self.folder / "peer")
        self.plan = FaultPlan(self.folder / "plan")
        self.port = free_port()
        self.data = self.folder / "node" / "data"
        self.model = self.folder / "node" / "model"
        shutil.copytree(model, self.model)  # that reading it may fail, too
        self.node = Hilum(binaries, self.folder / "node",
                          configuration(self.folder / "node", self.model, self.port, self.peer.port, others),
                          {"LD_PRELOAD": preloaded(library), "HILUM_FAULTS": str(self.plan.file)})
        self.sent = []  # studies that were acknowledged
        self.prediction = None  # of that picture, by HTTP
        self.numbers = None  # that the first report told; all are of the same picture

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
        if self.others:
            self.others.stop()

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
            if self.has_ended() or time.monotonic() > deadline:
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
        self.await_results(study, fault, seconds)

    def await_results(self, study, fault, seconds=150):
        try:
            wait_until(lambda: self.has_ended() or self.is_through(study), seconds, f"{fault}: the results")
        except ServiceError as error:
            raise ServiceError(f"{error}; it has {self.peer.results().get(study, {}).keys()}, jobs "
                               f"{ask(self.data, 'SELECT lane, state, outcome, attempt, error FROM job ORDER BY id DESC LIMIT 6')}"
                               f"\n{self.node.log()[-4000:]}") from None
        self.check(fault)

    def has_ended(self):
        """For good: a node whose database it cannot trust any more ends, and systemd starts it again."""
        if self.node.is_running():
            return False
        if self.node.process.returncode != os.EX_IOERR:
            return True
        self.node.start()
        return False

    def check(self, fault):
        if self.has_ended():
            raise ServiceError(f"{fault}: hilumd ended with {self.node.process.returncode}:\n{self.node.log()[-4000:]}")
        set_aside = ask(self.data, "SELECT lane, outcome, error_code, error FROM job WHERE state NOT IN "
                             "('done', 'queued', 'running')")
        if set_aside:
            raise ServiceError(f"{fault}: set aside: {set_aside}")

    def check_once(self):
        """Every radiograph that was acknowledged has one report and one picture, the same whenever it was sent."""
        self.peer.read_again()
        found = self.peer.results()
        wrong = {}
        for study in self.sent:
            results = found.get(study, {})
            if collections.Counter(kind for kind, _ in results) != ONCE:
                wrong[study] = [*results]
            for (kind, uid), copies in results.items():
                if any(copy != copies[0] for copy in copies[1:]):
                    wrong[study] = f"{kind} {uid} came in different forms"
                if uid in self.peer.other_pictures:
                    wrong[study] = f"{uid} shows something else than others of the same picture, or nothing"
                if kind == "sr" and self.tells_otherwise(copies[0]):
                    wrong[study] = f"{uid} tells {numbers_in(copies[0])}, others of the same picture {self.numbers}"
        strangers = set(found) - set(self.sent)
        if wrong or strangers:
            raise ServiceError(f"not once: {wrong}; not sent: {strangers}")
        if self.others:
            self.others.check_messages(self.sent)
            self.await_trail("at the end")

    def await_trail(self, fault):
        wait_until(lambda: not self.others.events_not_told(self.node), 60, f"{fault}: the audit server has the whole trail")

    def tells_otherwise(self, report):
        self.numbers = self.numbers or numbers_in(report)
        return not self.numbers or numbers_in(report) != self.numbers

    def forget(self):
        """What was checked; should any of it come again, it is nothing that was sent."""
        self.check_once()
        self.peer.forget()
        self.sent.clear()
        if self.others:
            self.others.forget_messages()

    # ---- faults ----

    def folder_for(self, role, call):
        """A composer also opens the fonts of its first picture."""
        if (role, call) == ("composer", "open"):
            return "/"
        return f"{self.data}/" if call in ABOUT_FILES else ""

    def before(self, role, call):
        """Makes the calls happen that a radiograph alone does not need: of a child that is started again."""
        child = {("coordinator", "fork"): "decoder", ("coordinator", "socketpair"): "decoder", ("composer", "open"): "composer"}.get((role, call))
        pid = next((pid for pid, of in self.node.descendants() if of == child), None) if child else None
        if pid:
            os.kill(pid, signal.SIGKILL)

    def try_one(self, role, call, error, number, times=1):
        """A radiograph while the call of that number fails. Whether there was such a call."""
        fault = f"{role} {call} {word_for(error)} at {number}" + (f", {times} times" if times != 1 else "")
        self.plan.arm(role, call, error, number, times, self.folder_for(role, call))
        self.before(role, call)
        self.one_way(fault)
        self.await_its_work(role, fault)
        return self.end_fault() > 0

    def await_its_work(self, role, fault):
        """What a role does beside a radiograph's way. The audit trail goes out a while after the results."""
        if role == "syslog":
            self.await_trail(fault)
        if role == "http":
            told = wait_until(self.predict, 60, f"{fault}: a prediction")
            self.prediction = self.prediction or told
            if told != self.prediction:
                raise ServiceError(f"{fault}: it predicts {told}, before {self.prediction}")

    def predict(self):
        """As HTTP tells it of the picture that all radiographs have; nothing where it fails."""
        with contextlib.suppress(OSError, HTTPException):
            status, body = self.node.ask("/api/v1/predict", (self.folder / "image.dcm").read_bytes(), "POST")
            return json.loads(body)["all_probabilities"] if status == 200 else None

    def end_fault(self):
        """How many calls failed."""
        failed = self.plan.failed
        self.plan.disarm()
        return failed

    def outage(self, role, call, error, seconds):
        """Every call fails for so long, while radiographs go on coming; then all of them get through."""
        fault = f"{role} {call} {word_for(error)} for {seconds} s"
        self.plan.arm(role, call, error, 1, FOR_EVER, self.folder_for(role, call))
        file, study = self.next_image()
        deadline = time.monotonic() + seconds
        with contextlib.suppress(ServiceError):
            self.send(file, seconds)
            self.sent.append(study)
        if role == "http":
            self.predict()
        time.sleep(max(0.0, deadline - time.monotonic()))
        failed = self.end_fault()
        if study not in self.sent:
            self.send(file)
            self.sent.append(study)
        self.await_results(study, fault)
        self.await_its_work(role, fault)
        self.log(f"{fault}: {failed} calls failed", flush=True)
        return failed

    # ---- faults while the node starts ----

    def folder_for_start(self, role, call):
        """What a child reads at its start may lie anywhere: dictionaries, fonts, tokens, the model; pipes and sockets have no path.
        The coordinator also looks at other processes, as often as it likes."""
        if call not in ("open", "read"):
            return self.folder_for(role, call)
        return f"{self.node.folder}/" if role == "coordinator" else "/"

    def is_served(self):
        return self.node.ask("/api/v1/studies")[0] == 200

    def kept(self):
        """The names in the data directory: a database that was set aside has one of its own there."""
        return {entry.name for entry in self.data.iterdir()} | {entry.name for entry in (self.data / "spool" / "set-aside").glob("*")}

    def try_start(self, role, call, error, number):
        """All processes are killed while a radiograph is on its way, and started again while the call of that number fails.
        Whether there was such a call before the node was ready."""
        fault = f"starting: {role} {call} {word_for(error)} at {number}"
        file, study = self.next_image()
        self.send(file)
        self.sent.append(study)
        os.killpg(self.node.process.pid, signal.SIGKILL)
        self.node.process.wait()
        before = self.kept()
        self.plan.arm(role, call, error, number, 1, self.folder_for_start(role, call))
        self.start_as_systemd_does(fault)
        self.await_its_work(role, fault)
        failed = self.end_fault() > 0
        self.await_results(study, fault)
        wait_until(self.is_served, 60, f"{fault}: who has a token may see the studies")
        if new := self.kept() - before - {"hilum.db-wal", "hilum.db-shm", "history.tmp"}:  # written now and then
            raise ServiceError(f"{fault}: there is {new}:\n{self.node.log()[-4000:]}")
        return failed

    def start_as_systemd_does(self, fault):
        """With Restart=on-failure."""
        for _ in range(STARTS):
            try:
                self.node.start()
                return
            except ServiceError as error:
                if self.node.is_running() or self.node.process.returncode == 0:
                    raise ServiceError(f"{fault}: {error}") from None
        raise ServiceError(f"{fault}: it ended {STARTS} times, at last with {self.node.process.returncode}:\n{self.node.log()[-4000:]}")
