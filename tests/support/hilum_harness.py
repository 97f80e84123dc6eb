"""A hospital in a folder for end-to-end tests: Orthanc as the PACS, hilumd beside it, modalities that send.

ctest sets HILUM_BIN (the folder with hilumd, hilum and hilum-worker), HILUM_SOURCE, and HILUM_RADIOGRAPHS where the
real radiographs are. Without HILUM_BIN nothing here makes sense, so that fails; a missing tool skips aloud.
"""

import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import pydicom

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tools" / "support"))

from local_services import Hilum, Orthanc, Service, ServiceError, http, wait_until  # noqa: E402
from report_reading import COMPREHENSIVE_3D_SR, SECONDARY_CAPTURE, diagnoses  # noqa: E402

BINARIES = pathlib.Path(os.environ["HILUM_BIN"])
MODEL = SOURCE / "config" / "models" / "demo"
RADIOGRAPHS = pathlib.Path(os.environ.get("HILUM_RADIOGRAPHS") or SOURCE.parent / "shared" / "radiographs")

# storescu's options that make it offer a file's own transfer syntax, by the manifest's word for it.
STORESCU_OPTION = {
    "explicit": [], "implicit": ["-xi"], "big-endian": ["-xb"], "deflated": ["-xd"], "rle": ["-xr"],
    "jpeg-baseline": ["-xy"], "jpeg-lossless": ["-xs"], "jpeg-ls": ["-xt"], "j2k-lossless": ["-xv"],
    "j2k-lossy": ["-xw"],
}


def need(*programs):
    for program in programs:
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            raise unittest.SkipTest(f"{program} is not installed")


def radiographs():
    """(file, manifest row) of the real radiographs; skips where they are not there."""
    manifest = RADIOGRAPHS / "manifest.csv"
    if not manifest.exists():
        raise unittest.SkipTest(f"no radiographs at {RADIOGRAPHS}: set HILUM_RADIOGRAPHS")
    with open(manifest, newline="", encoding="utf-8") as rows:
        return [(RADIOGRAPHS / row["file"], row) for row in csv.DictReader(rows)]


def merged(base, changes):
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) \
            else value
    return result


def configuration(data_dir, pacs_port=0, **changes):
    """hilum.yaml (JSON is YAML) of a node for tests: free ports, short times; `changes` by section."""
    settings = {
        "node": {"ae_title": "HILUM", "data_dir": str(data_dir), "drain_timeout": "10s"},
        "scp": {"port": 0, "bind": "127.0.0.1", "min_free_space": "64MiB", "accept": [{"any": True}]},
        "models": [{"package": str(MODEL), "device": "cpu", "threads": 1, "batch": {"max_size": 1}}],
        "study": {"idle_timeout": "300ms", "max_wait": "30s", "max_age": "none"},
        "retry": {"first_delay": "200ms", "longest_delay": "1s"},
        "destinations": [{
            "name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": pacs_port or 1,
            "first_delay": "200ms", "longest_delay": "1s", "timeout": "10s"}],
        "http": {"listen": "127.0.0.1:0"},
    }
    return json.dumps(merged(settings, changes), indent=1)


def store(port, *files, options=(), calling="MODALITY", called="HILUM", seconds=120):
    """Sends files with storescu; the completed process, its output in .stderr."""
    command = ["storescu", "-v", "-aet", calling, "-aec", called, *options, "127.0.0.1", str(port), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False)


def echo(port, calling="MODALITY", called="HILUM", seconds=60):
    return subprocess.run(["echoscu", "-v", "-aet", calling, "-aec", called, "127.0.0.1", str(port)],
                          capture_output=True, text=True, timeout=seconds, check=False)


def store_statuses(process):
    """The word or number of each C-STORE response, as storescu prints it."""
    return re.findall(r"Received Store Response \(([^)]*)\)", process.stderr + process.stdout)


def make_phantoms(folder, count, seed=1, *options):
    """Synthetic radiographs as files, each a study of its own."""
    made = subprocess.run(
        [str(BINARIES / "hilum"), "phantom", "--count", str(count), "--seed", str(seed),
         "--out", str(folder), *options],
        capture_output=True, text=True, timeout=600, check=False)
    if made.returncode != 0:
        raise ServiceError(f"hilum phantom: {made.stderr}")
    files = sorted(pathlib.Path(folder).glob("*.dcm"))
    if len(files) != count:
        raise ServiceError(f"hilum phantom made {len(files)} files, not {count}")
    return files


def variant(source, target, change=lambda dataset: None):
    """A copy of a DICOM file as an instance, series and study of its own, changed by `change`; its dataset."""
    dataset = pydicom.dcmread(source)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    dataset.StudyInstanceUID = pydicom.uid.generate_uid()
    dataset.SeriesInstanceUID = pydicom.uid.generate_uid()
    change(dataset)
    dataset.save_as(target)
    return dataset


PEERS = SOURCE / "tests" / "peers"
PEERS_ENVIRONMENT = {"NODE_PATH": str(BINARIES.parent / "peers" / "node_modules")}  # from the ctest fixture npm_peers


def run_peer(script, *arguments, seconds=120):
    """What a script of tests/peers prints, read as JSON."""
    ran = subprocess.run(["node", str(PEERS / script), *map(str, arguments)], capture_output=True, text=True,
                         timeout=seconds, check=False, env={**os.environ, **PEERS_ENVIRONMENT})
    if ran.returncode != 0:
        raise ServiceError(f"{script}: {ran.stderr}")
    return json.loads(ran.stdout)


class Peer(Service):
    """A server of tests/peers, which prints the port that it took."""

    def __init__(self, folder, script, *arguments):
        super().__init__(pathlib.Path(script).stem, folder)
        self.command = ["node", PEERS / script, *arguments]
        self.port = 0

    def start(self):
        self.launch(self.command, PEERS_ENVIRONMENT)
        self.port = self.await_ready(self._port, 60)
        return self

    def _port(self):
        found = re.search(r'^{"port":(\d+)}$', self.log(), re.MULTILINE)
        return int(found[1]) if found else 0


class Result:
    """An SR or SC as the PACS has it."""

    def __init__(self, file_bytes):
        self.bytes = file_bytes
        self.dataset = pydicom.dcmread(io.BytesIO(file_bytes))
        self.uid = str(self.dataset.SOPInstanceUID)
        self.study = str(self.dataset.StudyInstanceUID)
        self.is_report = self.dataset.Modality == "SR"
        self.is_capture = self.dataset.SOPClassUID == SECONDARY_CAPTURE


class HilumTest(unittest.TestCase):
    """A test with a PACS and a node. Subclasses say by class attributes what they need."""

    routes = False   # Orthanc forwards radiographs to Hilum
    changes = {}     # sections of hilum.yaml
    pacs_settings = {}  # of orthanc.json
    maxDiff = None

    def setUp(self):
        need("storescu", "echoscu")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.results_by_instance = {}
        self.pacs = self.start_pacs()
        self.node = self.make_node()

    def start_pacs(self):
        need("Orthanc")
        pacs = Orthanc(self.folder / "pacs", routes=self.routes, **self.pacs_settings)
        self.addCleanup(pacs.kill)
        pacs.start()
        pacs.know("hilum", "HILUM", 1)
        return pacs

    def make_node(self, name="node", **changes):
        node = Hilum(BINARIES, self.folder / name, configuration(
            self.folder / name / "data", self.pacs.port, **merged(self.changes, changes)))
        self.addCleanup(node.kill)
        return node

    def start_node(self):
        self.node.start()
        self.pacs.know("hilum", "HILUM", self.node.port)

    def run(self, result=None):
        """Adds the node's log to what a failing test prints."""
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and getattr(self, "node", None):
            print(f"---- hilumd's log in {self.id()} ----\n{self.last_log[-6000:]}", file=sys.stderr)

    def tearDown(self):
        self.last_log = self.node.log() if self.node.process else ""

    last_log = ""

    # ---- sending ----

    def send(self, *files, options=()):
        """As a modality; every object must be answered 0000."""
        sent = store(self.node.port, *files, options=options)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertEqual(store_statuses(sent), ["Success"] * len(files), sent.stderr)

    # ---- what the PACS has ----

    def results(self):
        """All that the PACS has from Hilum: {StudyInstanceUID: [Result, ...]}."""
        found = {}
        for instance in self.pacs.get("/instances"):
            if instance not in self.results_by_instance:
                sender = self.pacs.sender_of(instance)
                self.results_by_instance[instance] = \
                    Result(self.pacs.get_file(instance)) if sender == "HILUM" else None
            result = self.results_by_instance[instance]
            if result is not None:
                found.setdefault(result.study, []).append(result)
        return found

    def await_results(self, studies, seconds=120, per_study=None):
        """Waits until each study (by UID) has a report, and a capture unless nothing in it was analysed."""
        def complete(results):
            if per_study is not None:
                return len(results) >= per_study
            reports = [result for result in results if result.is_report]
            analysed = any(outcome.analysed for report in reports for outcome in diagnoses(report.dataset))
            return bool(reports) and (not analysed or any(result.is_capture for result in results))

        def missing():
            found = self.results()
            return [study for study in studies if not complete(found.get(study, []))]

        try:
            wait_until(lambda: not missing(), seconds, f"results of {len(studies)} studies")
        except ServiceError as error:
            self.fail(f"{error}; missing: {missing()}\n{self.jobs_text()}")
        return self.results()

    def assert_one_report_and_capture(self, results, what=""):
        self.assertEqual(sorted("sr" if result.is_report else "sc" for result in results), ["sc", "sr"], what)

    def assert_valid(self, result):
        """No complaint from dciodvfy, and from dsrdump for a report."""
        file = self.folder / "to-validate.dcm"
        file.write_bytes(result.bytes)
        judged = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, errors="replace", check=False)
        errors = [line for line in (judged.stderr + judged.stdout).splitlines() if line.startswith("Error")]
        self.assertEqual(errors, [], f"dciodvfy on {result.dataset.SOPClassUID.name}")
        if result.is_report:
            dumped = subprocess.run(["dsrdump", str(file)], capture_output=True, text=True, errors="replace",
                                    check=False)
            self.assertEqual(dumped.returncode, 0, dumped.stderr)
            # dsrdump cannot check the values of UTF-8 text, and says so.
            complaints = [line for line in dumped.stderr.splitlines()
                          if line.startswith(("E:", "W:")) and "VR checker does not support" not in line]
            self.assertEqual(complaints, [])

    # ---- what the node says ----

    def jobs(self):
        status, body = self.node.ask("/api/v1/jobs?limit=1000")
        self.assertEqual(status, 200, body)
        return json.loads(body)["jobs"]

    def analysed(self):
        """How many analyses ended with a score."""
        return sum((job["kind"], job["state"]) == ("analysis", "analysed") for job in self.jobs())

    def jobs_text(self):
        try:
            return "\n".join(map(str, self.jobs()))
        except (AssertionError, ValueError) as error:
            return f"(no jobs: {error})"

    def audit_events(self):
        exported = self.node.run("audit", "export")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        return [json.loads(line) for line in exported.stdout.splitlines()]


__all__ = ["BINARIES", "COMPREHENSIVE_3D_SR", "HilumTest", "MODEL", "Peer", "RADIOGRAPHS", "SECONDARY_CAPTURE",
           "SOURCE", "STORESCU_OPTION", "ServiceError", "configuration", "diagnoses", "echo", "http", "make_phantoms",
           "merged", "need", "radiographs", "run_peer", "store", "store_statuses", "variant", "wait_until", "Hilum", "Orthanc"]
