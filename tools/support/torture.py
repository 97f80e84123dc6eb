"""Kills the processes of a working node at random moments, and checks that every radiograph that was sent comes back
as exactly one report and one picture. Run by tools/torture, and in a short form by tests/crash."""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

from local_services import Hilum, Orthanc, ServiceError, free_port, wait_until
from once_each import check_once_each, kinds_by_study

COORDINATOR = "coordinator"
EVERYONE = "everyone"


def configuration(folder, model, port, pacs_port):
    """hilum.yaml as JSON; attempts are many, for each kill costs one."""
    return json.dumps({
        "node": {"data_dir": str(folder / "data")},
        "scp": {"port": port, "bind": "127.0.0.1", "min_free_space": "64MiB", "accept": [{"any": True}]},
        "models": [{"package": str(model), "device": "cpu", "threads": 1, "batch": {"max_size": 1}}],
        "study": {"idle_timeout": "500ms", "max_wait": "30s", "max_age": "none"},
        "retry": {"max_attempts": 50, "first_delay": "100ms", "longest_delay": "1s"},
        "destinations": [{"name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": pacs_port,
                          "first_delay": "100ms", "longest_delay": "1s", "timeout": "5s"}],
        "http": {"listen": "127.0.0.1:0"}})


class Torture:
    def __init__(self, folder, binaries, model, count, kills, seed, only=None, log=print):
        """`only`: kill nothing but processes of this role."""
        self.folder = pathlib.Path(folder)
        self.count, self.kills, self.only, self.log = count, kills, only, log
        self.random = random.Random(seed)
        self.pacs = Orthanc(self.folder / "pacs")
        self.binaries, self.model = pathlib.Path(binaries), model
        self.port = free_port()
        self.node = None
        self.killed = collections.Counter()
        self.more_kills = threading.Condition()
        self.sent = threading.Event()
        self.trouble = None

    def run(self):
        """How often which role was killed. Raises ServiceError when a radiograph did not come back just once."""
        self.log(f"{self.count} radiographs, {self.kills} kills")
        self.pacs.start()
        self.node = Hilum(self.binaries, self.folder / "node",
                          configuration(self.folder / "node", self.model, self.port, self.pacs.port))
        self.pacs.know("hilum", "HILUM", self.port)
        files = self.phantoms()
        self.node.start()
        sender = threading.Thread(target=self.send, args=(files,))
        sender.start()
        try:
            self.kill_at_random_moments()
            sender.join(1200)
        finally:
            self.sent.set()
            with self.more_kills:
                self.more_kills.notify_all()
            sender.join()
        if self.trouble:
            raise ServiceError(self.trouble)
        self.check_all_came_back_once()
        return self.killed

    def stop(self):
        for service in (self.node, self.pacs):
            if service is not None:
                service.kill()

    def phantoms(self):
        folder = self.folder / "phantoms"
        made = self.node.run("phantom", "--count", self.count, "--seed", self.random.randrange(1 << 30), "--out",
                             folder, seconds=600)
        if made.returncode != 0:
            raise ServiceError(f"hilum phantom: {made.stderr}")
        return sorted(folder.glob("*.dcm"))

    def send(self, files):
        """As a PACS does: again and again until each object was answered 0000; spread over two thirds of the kills, so
        that there is always something to interrupt."""
        for number, file in enumerate(files):
            with self.more_kills:
                self.more_kills.wait_for(
                    lambda due=number * self.kills * 2 // (3 * len(files)): self.sent.is_set() or
                    sum(self.killed.values()) >= due)
            deadline = time.monotonic() + 600
            while not self.sent.is_set():
                if time.monotonic() > deadline:
                    self.trouble = f"{file.name} was not accepted in ten minutes:\n{self.node.log()[-3000:]}"
                    break
                stored = subprocess.run(
                    ["storescu", "-v", "-to", "5", "-aec", "HILUM", "127.0.0.1", str(self.port), str(file)],
                    capture_output=True, text=True, errors="replace", check=False)
                if "Received Store Response (Success)" in stored.stderr:
                    break
                self.sent.wait(0.1)
        self.sent.set()

    def kill_at_random_moments(self):
        """The kills go on while results are made, after the last radiograph was taken too."""
        done = 0
        idle = threading.Event()
        while done < self.kills:
            idle.wait(self.random.uniform(0.05, 1.5))
            if self.kill_one():
                done += 1

    def kill_one(self):
        processes = self.node.descendants()
        by_role = collections.defaultdict(list)
        for pid, role in processes:
            if pathlib.Path(f"/proc/{pid}").exists():
                by_role[role or "worker"].append(pid)
        by_role[COORDINATOR] = [self.node.process.pid]
        by_role[EVERYONE] = [self.node.process.pid] + [pid for pid, _ in processes]
        role = self.only or self.random.choice(sorted(by_role))
        if role not in by_role:
            return False
        victims = by_role[role] if role == EVERYONE else [self.random.choice(by_role[role])]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it ended by itself meanwhile
        with self.more_kills:
            self.killed[role] += 1
            self.more_kills.notify_all()
        self.log(f"kill {sum(self.killed.values())} of {self.kills}: {role}")
        if role in (COORDINATOR, EVERYONE):
            self.node.process.wait()
            wait_until(lambda: not [pid for pid, _ in processes if pathlib.Path(f"/proc/{pid}").exists()], 30,
                       "the killed coordinator's children end")
            self.node.start(inferring=False)
        return True

    def jobs_in_progress(self):
        # Where it answers now: a killed http process may be on its way back, to another port.
        self.node.http_port = int(self.node.log().rpartition("serving HTTP on port ")[2].split()[0])
        status, body = self.node.ask("/api/v1/status")
        if status != 200:
            return True
        queue = json.loads(body)["queue"]
        return any(states.get("queued") or states.get("running") for states in queue.values())

    def check_all_came_back_once(self):
        def complete():
            found = kinds_by_study(self.pacs)
            return len(found) >= self.count and all(sum(kinds.values()) >= 2 for kinds in found.values())

        wait_until(complete, 600, f"results of {self.count} studies")
        wait_until(lambda: not self.jobs_in_progress(), 120, "no job is left")
        check_once_each(self.pacs, self.node, self.count)


def main():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tools/torture", description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="radiographs")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--only", help="kill only this role: listener, decoder, worker, composer, sender, http, "
                                       f"{COORDINATOR} or {EVERYONE}")
    parser.add_argument("--binaries", type=pathlib.Path, default=source / "build" / "release" / "bin")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="hilum-torture-") as folder:
        torture = Torture(folder, options.binaries, source / "config" / "models" / "demo", options.count,
                          options.kills, options.seed, options.only)
        try:
            killed = torture.run()
        except ServiceError as error:
            print(f"FAILED: {error}\n{torture.node.log()[-5000:] if torture.node else ''}", file=sys.stderr)
            return 1
        finally:
            torture.stop()
    print(f"all {options.count} came back once; killed: {dict(killed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
