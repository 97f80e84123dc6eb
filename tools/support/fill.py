"""Sends a node many times more radiographs than its budget of the disk holds, on a file system that is little larger, and
fills that too on the way. Each that was answered 0000 must come back as one report and one picture, and what is kept
must stay within the budget but for what no destination has yet. Run by tools/fill; tests/e2e/test_retention.py
tries the same, small: a budget of 20 MiB, and a full disk apart from it."""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

import pydicom
from pydicom.uid import generate_uid

from local_services import Hilum, Orthanc, ServiceError, free_port, wait_until
from once_each import check_once_each

MIB = 1 << 20
MIB_PER_WAITING = 100  # of the budget: so few studies wait at most, for which the PACS that sends waits


def configuration(folder, model, port, pacs_port, budget):
    return json.dumps({
        "node": {"data_dir": str(folder)},
        "scp": {"port": port, "bind": "127.0.0.1", "min_free_space": f"{budget // 16}MiB", "accept": [{"any": True}]},
        "models": [{"package": str(model), "device": "cpu", "threads": 1}],
        "study": {"idle_timeout": "500ms", "max_age": "none"},
        "retention": {"budget": f"{budget}MiB"},
        "destinations": [{"name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": pacs_port,
                          "first_delay": "200ms", "longest_delay": "2s"}],
        "http": {"listen": "127.0.0.1:0"}})


class Fill:
    def __init__(self, folder, binaries, model, budget, send, size, seed):
        self.folder, self.budget, self.to_send, self.size = pathlib.Path(folder), budget, send, size
        self.most_waiting = max(2, budget // MIB_PER_WAITING)
        self.random = random.Random(seed)
        self.pacs = Orthanc(self.folder / "pacs")
        self.port = free_port()
        self.data = self.folder / "disk"
        self.binaries, self.model = pathlib.Path(binaries), model
        self.node = None
        self.sent = []      # StudyInstanceUIDs that were answered 0000
        self.refused = collections.Counter()
        self.most_kept = 0  # bytes in files
        self.filler = self.data / "somebody-elses"
        self.ended = threading.Event()

    def start(self):
        self.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.budget + self.budget // 2}m", "tmpfs",
                        str(self.data)], check=True)
        self.pacs.start()
        self.node = Hilum(self.binaries, self.folder / "node",
                          configuration(self.data / "node", self.model, self.port, self.pacs.port, self.budget))
        self.pacs.know("hilum", "HILUM", self.port)
        self.node.start()

    def stop(self):
        self.ended.set()
        for service in (self.node, self.pacs):
            if service is not None:
                service.kill()
        subprocess.run(["umount", "-l", str(self.data)], check=False)

    def pictures(self):
        """Some radiographs as vendors send them, uncompressed, to be sent again and again under other UIDs."""
        folder = self.folder / "phantoms"
        made = self.node.run("phantom", "--count", 6, "--size", self.size, "--seed", self.random.randrange(1 << 30),
                             "--out", folder, seconds=600)
        if made.returncode != 0:
            raise ServiceError(f"hilum phantom: {made.stderr}")
        return [pydicom.dcmread(file) for file in sorted(folder.glob("*.dcm"))]

    def kept(self):
        total = 0
        for name in ("spool", "analyses", "results"):
            for folder, _, files in os.walk(self.data / "node" / name):
                for file in files:
                    try:
                        total += os.stat(os.path.join(folder, file)).st_size
                    except FileNotFoundError:
                        pass  # it went meanwhile
        return total

    def watch(self):
        while not self.ended.wait(0.5):
            self.most_kept = max(self.most_kept, self.kept())

    def metric(self, name):
        status, body = self.node.ask("/metrics")
        lines = body.decode() if isinstance(body, bytes) else body
        if status != 200:
            raise ServiceError(f"/metrics answered {status}")
        return sum(float(line.rpartition(" ")[2]) for line in lines.splitlines() if line.startswith(name))

    def delivered(self):
        return self.metric('hilum_jobs{kind="delivery",state="delivered"}') / 2

    def send_one(self, picture):
        study = generate_uid()
        picture.StudyInstanceUID, picture.SeriesInstanceUID, picture.SOPInstanceUID = study, generate_uid(), generate_uid()
        picture.file_meta.MediaStorageSOPInstanceUID = picture.SOPInstanceUID
        file = self.folder / "next.dcm"
        picture.save_as(file)
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            stored = subprocess.run(["storescu", "-v", "-aec", "HILUM", "127.0.0.1", str(self.port), str(file)],
                                    capture_output=True, text=True, errors="replace", check=False)
            answer = re.search(r"Received Store Response \(([^)]*)\)", stored.stderr)
            if answer and answer[1] == "Success":
                self.sent.append(study)
                return file.stat().st_size
            self.refused[answer[1] if answer else "no answer"] += 1
            self.ended.wait(0.5)
        raise ServiceError(f"a radiograph was not accepted in five minutes: {dict(self.refused)}\n{self.node.log()[-3000:]}")

    def fill_disk(self):
        """Somebody else takes all that is free, for some seconds."""
        with open(self.filler, "wb") as file:
            try:
                while True:
                    file.write(b"\0" * MIB)
                    file.flush()
            except OSError:
                pass
        threading.Timer(15, self.filler.unlink, kwargs={"missing_ok": True}).start()

    def run(self):
        pictures = self.pictures()
        threading.Thread(target=self.watch, daemon=True).start()
        begun, bytes_sent, filled = time.monotonic(), 0, 0
        while bytes_sent < self.to_send * MIB:
            bytes_sent += self.send_one(self.random.choice(pictures))
            if bytes_sent * 4 // (self.to_send * MIB) > filled < 3:  # three times on the way
                filled += 1
                self.fill_disk()
            wait_until(lambda: len(self.sent) - self.delivered() <= self.most_waiting, 300, "results leave")
            if len(self.sent) % 50 == 0:
                print(f"{bytes_sent // MIB} MiB sent, {self.kept() // MIB} MiB kept, refused {dict(self.refused)}", flush=True)
        wait_until(lambda: self.delivered() >= len(self.sent), 600, "all results are delivered")
        wait_until(lambda: self.kept() <= self.budget * MIB, 120, "what is kept is within the budget")
        self.check()
        print(f"{len(self.sent)} radiographs, {bytes_sent // MIB} MiB, in {time.monotonic() - begun:.0f} s; at most "
              f"{self.most_kept // MIB} MiB kept of {self.budget}; refused and sent again: {dict(self.refused)}")

    def check(self):
        if check_once_each(self.pacs, self.node, len(self.sent)) != set(self.sent):
            raise ServiceError("other studies came back than were sent")
        if self.most_kept > self.budget * MIB * 11 // 10:
            raise ServiceError(f"{self.most_kept // MIB} MiB were kept, a tenth more than {self.budget} MiB")


def main():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tools/fill", description=__doc__)
    parser.add_argument("--budget", type=int, default=2048, help="MiB")
    parser.add_argument("--send", type=int, default=20480, help="MiB")
    parser.add_argument("--size", type=int, default=2800, help="pixels of the longer side")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--binaries", type=pathlib.Path, default=source / "build" / "release" / "bin")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="hilum-fill-") as folder:
        fill = Fill(folder, options.binaries, source / "config" / "models" / "demo", options.budget, options.send,
                    options.size, options.seed)
        try:
            fill.start()
            fill.run()
        except ServiceError as error:
            print(f"FAILED: {error}\n{fill.node.log()[-5000:] if fill.node else ''}", file=sys.stderr)
            return 1
        finally:
            fill.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
