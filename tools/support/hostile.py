"""A hostile network round a working node: silent, dripping and half-open connections, connects and aborts, mutated
PDUs, slow HTTP clients and names that try terminals, beside a PACS that echoes and stores. Run by tools/hostile, and in a
short form by tests/e2e. Other addresses of 127.0.0.0/8 are the other hosts."""

import argparse
import json
import pathlib
import random
import re
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata

import pydicom

from dicom_peer import IMPLICIT, VERIFICATION, Association, associate_rq, connect, p_data, pdu, C_ECHO_RQ
from hostile_bounds import exceeded
from local_services import Hilum, ServiceError, http, wait_until
from processes import has_sanitizer

PACS, PROBE = "127.0.0.2", "127.0.0.1"
LISTED = [f"127.0.1.{host}" for host in range(1, 9)]
SECOND_PACS = "127.0.1.200"  # listed by the network that attackers are in, not by its own address
UNLISTED = [f"127.0.9.{host}" for host in range(1, 31)]
# Names that steer a terminal, turn text around, stay unseen, or are no text.
EVIL_NAMES = [b"\x1b[2J\x1b]0;x\x07", "\u009b31m".encode(), "a\u202egpj.exe".encode(), b"\xc0\x9b\xed\xa0\x80",
              "a\u200bb\u2066".encode(), b"<script>x</script>"[:16], b"../../etc/passwd", b'a"b\nc{d="e"}', b"%n%s\\\r\n"]


def configuration(folder):
    return json.dumps({
        "node": {"data_dir": str(folder / "data")},
        "scp": {"port": 0, "bind": "127.0.0.1", "min_free_space": "16MiB", "association_timeout": "15s",
                "accept": [{"ae_title": "PACS", "hosts": [PACS]}, {"ae_title": "*", "hosts": ["127.0.1.0/24"]}]},
        "models": [], "destinations": [], "http": {"listen": "127.0.0.1:0"}})


class Attack:
    """Something that goes on in a thread of its own until it is told to stop."""

    def __init__(self, name, action):
        self.name, self.count, self.error = name, 0, None
        self._action = action
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self):
        try:
            self._action(self)
        except Exception as error:  # told by whoever joins it
            self.error = error

    def end(self):
        self.stop.set()
        self.thread.join(60)


class Hostile:
    def __init__(self, folder, binaries, seconds, seed, connections=1000, log=print):
        self.folder, self.seconds, self.connections, self.log = pathlib.Path(folder), seconds, connections, log
        self.random = random.Random(seed)
        self.node = Hilum(binaries, self.folder / "node", configuration(self.folder / "node"))
        self.stalled = connections // 40  # each has a receiver, until its time to ask is over
        self.echoes, self.stores, self.probes, self.failures = [], [], [], []

    def stop(self):
        self.node.kill()

    def run(self):
        """Measures before, during and after; returns the figures, and the failures in words."""
        phantoms = self.folder / "phantoms"
        made = self.node.run("phantom", "--count", 4, "--seed", 7, "--out", phantoms)
        if made.returncode != 0:
            raise ServiceError(made.stderr)
        self.images = [pydicom.dcmread(file) for file in sorted(phantoms.glob("*.dcm"))]
        self.node.start(inferring=False)
        self.address = ("127.0.0.1", self.node.port)
        self.work_as_pacs(3)
        calm = self.figures()
        self.echoes, self.stores, self.probes = [], [], []
        began = time.monotonic()
        attacks = [Attack(name, action) for name, action in self.attacks().items()]
        for attack in attacks:
            attack.thread.start()
        during = self.work_as_pacs(self.seconds, self.figures)
        for attack in attacks:
            attack.end()
        for attack in attacks:
            self.log(f"{attack.name}: {attack.count}")
            if attack.error is not None:
                self.failures.append(f"the attack itself failed: {attack.name}: {attack.error!r}")
        wait_until(lambda: self.figures()["descriptors"] <= calm["descriptors"] + 8, 60, "every connection is closed")
        after = self.figures()
        self.check_texts()
        figures = {"calm": calm, "during": during, "after": after, "audit_rows": self.audit_rows(),
                   "attacks": {attack.name: attack.count for attack in attacks},
                   "echo": self.times(self.echoes), "store": self.times(self.stores), "healthz": self.times(self.probes)}
        self.failures += exceeded(figures, time.monotonic() - began, self.stalled)
        return figures

    # ---- the PACS and the probe ----

    def work_as_pacs(self, seconds, measure=None):
        """Echoes, stores and probes for so long; the highest of each figure meanwhile."""
        highest = {}
        probing = threading.Event()
        prober = threading.Thread(target=self.probe, args=(probing,), daemon=True)
        prober.start()
        until, next_look = time.monotonic() + seconds, 0
        number = 0
        while time.monotonic() < until:
            source = (PACS, SECOND_PACS)[number % 2]
            self.timed(self.echoes, f"C-ECHO of {source}", lambda: self.echo(source))
            if number % 3 == 0:
                self.timed(self.stores, f"C-STORE of {source}", lambda: self.store(number, source))
            number += 1
            if measure and time.monotonic() > next_look:
                highest = {key: max(value, highest.get(key, 0)) for key, value in measure().items()}
                next_look = time.monotonic() + 1
            time.sleep(0.05)
        probing.set()
        prober.join(60)
        return highest

    def timed(self, times, what, action):
        begin = time.monotonic()
        try:
            status = action()
            if status != 0:
                self.failures.append(f"{what} was answered {status:04X}")
        except OSError as error:
            self.failures.append(f"{what} failed after {time.monotonic() - begin:.1f} s: {error}")
        times.append(time.monotonic() - begin)

    def echo(self, source):
        association = Association(self.address, source, [(VERIFICATION, IMPLICIT)])
        status = association.echo()
        association.release()
        return status

    def store(self, number, source):
        image = self.images[number % len(self.images)]
        image.SOPInstanceUID = pydicom.uid.generate_uid()
        image.StudyInstanceUID, image.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
        image.SpecificCharacterSet = "ISO_IR 192"
        name = EVIL_NAMES[number % len(EVIL_NAMES)].decode(errors="replace").replace("\\", "/")
        image.PatientName = f"EVIL^{name}"
        image.AccessionNumber = f"{name[:8]}{number}"
        association = Association(self.address, source, [(VERIFICATION, IMPLICIT), (image.SOPClassUID, IMPLICIT)])
        status = association.store(image)
        association.release()
        return status

    def probe(self, end):
        while not end.is_set():
            begin = time.monotonic()
            status, body = http(f"{self.node.url}/healthz", timeout=30)
            self.probes.append(time.monotonic() - begin)
            if status != 200:
                self.failures.append(f"/healthz: {status} {body[:100]!r}")
            time.sleep(0.1)

    # ---- the attacks ----

    def attacks(self):
        web = ("127.0.0.1", self.node.http_port)
        half = associate_rq([(VERIFICATION, IMPLICIT)])[:50]
        each = self.connections // 4
        unread = self.connections // 10  # with the slow and the silent ones as many over HTTP as `connections`
        return {
            "silent connections of unlisted hosts": lambda a: self.hold(a, self.address, UNLISTED, each, b""),
            "silent connections of listed hosts": lambda a: self.hold(a, self.address, LISTED, each, b""),
            "dripping connections": lambda a: self.hold(a, self.address, LISTED + UNLISTED, each, half, drip=2),
            "half an association request": lambda a: self.hold(a, self.address, LISTED + UNLISTED, each, half),
            "dripping connections that begin as no DICOM does": lambda a: self.hold(a, self.address, LISTED, each, b"GET /", drip=2),
            "5 KiB of a longer association request": lambda a: self.hold(a, self.address, LISTED, self.stalled, pdu(1, bytes(8192))[:5120]),
            "connects and aborts": self.connect_and_abort,
            "mutated PDUs": self.mutate,
            "rejected associations with evil names": self.be_rejected,
            "slow HTTP headers": lambda a: self.hold(a, web, UNLISTED, each, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 500, drip=2),
            "silent HTTP connections": lambda a: self.hold(a, web, [PROBE] + UNLISTED[:3], self.connections - each - unread, b""),
            "HTTP clients that read nothing": lambda a: self.read_nothing(a, unread),
            "HTTP targets with evil names": self.ask_evil_targets}

    @staticmethod
    def open_quietly(address, source):
        try:
            return connect(address, source, timeout=5)
        except OSError:
            return None

    def hold(self, attack, address, sources, count, text, drip=0):
        """So many connections that are never whole, opened again when they are closed. `drip`: seconds for a byte."""
        held, selector = {}, selectors.DefaultSelector()
        number, next_drop = 0, time.monotonic()
        while not attack.stop.is_set():
            for _ in range(min(50, count - len(held))):
                number += 1
                connection = self.open_quietly(address, sources[number % len(sources)])
                if connection is None:
                    continue
                attack.count += 1
                connection.setblocking(False)
                held[connection] = 0
                selector.register(connection, selectors.EVENT_READ)
                if text and not drip:
                    self.send_quietly(connection, text)
            for key, _ in selector.select(0.1):
                selector.unregister(key.fileobj)
                held.pop(key.fileobj)
                key.fileobj.close()
            if drip and time.monotonic() >= next_drop:
                next_drop = time.monotonic() + drip
                for connection in held:
                    self.send_quietly(connection, text[held[connection]:held[connection] + 1])
                    held[connection] += 1
            attack.stop.wait(0.05)
        for connection in held:
            connection.close()

    @staticmethod
    def send_quietly(connection, bytes_):
        try:
            connection.send(bytes_)
        except OSError:
            pass  # closed by the node; told by the selector

    def connect_and_abort(self, attack):
        """5,000 a minute."""
        while not attack.stop.is_set():
            connection = self.open_quietly(self.address, self.random.choice(LISTED + UNLISTED))
            if connection is not None:
                if attack.count % 2 == 0:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                attack.count += 1
            attack.stop.wait(0.012)

    def mutate(self, attack):
        chance = random.Random(self.random.random())
        request = associate_rq([(VERIFICATION, IMPLICIT)], b"LISTED")
        while not attack.stop.is_set():
            connection = self.open_quietly(self.address, chance.choice(LISTED + UNLISTED))
            if connection is None:
                continue
            stream = bytearray(request if chance.random() < 0.5 else request + p_data(1, True, C_ECHO_RQ) * 3)
            for _ in range(chance.choice((1, 1, 2, 8))):
                stream[chance.randrange(len(stream))] = chance.randrange(256)
            self.send_quietly(connection, bytes(stream[:chance.choice((len(stream), chance.randrange(len(stream)) + 1))]))
            attack.count += 1
            connection.close()
            attack.stop.wait(0.01)

    def be_rejected(self, attack):
        while not attack.stop.is_set():
            source = self.random.choice(UNLISTED)
            try:
                Association(self.address, source, [(VERIFICATION, IMPLICIT)], EVIL_NAMES[attack.count % len(EVIL_NAMES)], 5)
                self.failures.append(f"{source} got an association")
            except OSError:
                attack.count += 1
            attack.stop.wait(0.02)

    def read_nothing(self, attack, count):
        """Requests without end on connections whose answers nobody reads."""
        requests = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200
        held = []
        while not attack.stop.is_set():
            connection = self.open_quietly(("127.0.0.1", self.node.http_port), self.random.choice(UNLISTED[:10]))
            if connection is not None:
                attack.count += 1
                connection.setblocking(False)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                self.send_quietly(connection, requests)
                held.append(connection)
            while len(held) > count:
                held.pop(0).close()
            attack.stop.wait(0.05)
        for connection in held:
            connection.close()

    def ask_evil_targets(self, attack):
        while not attack.stop.is_set():
            connection = self.open_quietly(("127.0.0.1", self.node.http_port), UNLISTED[0])
            if connection is None:
                continue
            name = EVIL_NAMES[attack.count % len(EVIL_NAMES)]
            quoted = "".join(f"%{byte:02x}" for byte in name).encode()
            target = (b"/" + name, b"/api/v1/studies?" + quoted + b"=1", b"/../" + name, b"/readyz")[attack.count % 4]
            host = name if target == b"/readyz" else b"localhost"  # one that is not the node's is refused first
            self.send_quietly(connection, b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
            attack.count += 1
            attack.stop.wait(0.05)
            connection.close()

    # ---- what is measured ----

    def figures(self):
        processes = [self.node.process.pid] + [pid for pid, _ in self.node.descendants()]
        found = {"processes": len(processes), "descriptors": 0, "most_descriptors": 0, "memory_mib": 0,
                 "sanitizer": has_sanitizer(self.node.process.pid)}
        for pid in processes:
            try:
                open_ = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
                found["descriptors"] += open_
                found["most_descriptors"] = max(open_, found["most_descriptors"])
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                found["memory_mib"] += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1]) / 1024
            except (OSError, TypeError):
                continue  # it ended meanwhile
        found["memory_mib"] = round(found["memory_mib"])
        return found

    def audit_rows(self):
        """Rows by type, of those that strangers cause."""
        exported = self.node.run("audit", "export")
        rows = [json.loads(line) for line in exported.stdout.splitlines()]
        kinds = ("association_rejected", "connection_refused", "timeout", "not_dicom", "events_left_out", "association_aborted")
        return {kind: sum(row["type"] == kind for row in rows) for kind in kinds}

    @staticmethod
    def times(seconds):
        ordered = sorted(seconds)
        if not ordered:
            return {"count": 0}
        return {"count": len(ordered), "p50": round(ordered[len(ordered) // 2], 3),
                "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 3), "max": round(ordered[-1], 3)}

    def check_texts(self):
        """Nothing that came from outside stands raw in what people see."""
        shown = {"log": self.node.log_file.read_bytes()}
        for path in ("/metrics", "/api/v1/studies?limit=500", "/api/v1/jobs?limit=500", "/"):
            shown[path] = self.node.ask(path)[1]
        for verb in (("status",), ("studies",), ("jobs", "list"), ("audit", "export"), ("jobs", "list", "--json")):
            ran = subprocess.run([str(self.node.binaries / "hilum"), "--config", str(self.node.configuration_file), *verb],
                                 capture_output=True, timeout=120, check=False)
            shown["hilum " + " ".join(verb)] = ran.stdout + ran.stderr
        for where, text in shown.items():
            if bad := raw_characters(text):
                self.failures.append(f"{where} shows {bad}")


def raw_characters(text):
    """Of bytes that people are shown: the first few that steer, turn or hide text, or are no UTF-8."""
    decoded = text.decode(errors="surrogateescape")
    bad = [f"U+{ord(c):04X} in {decoded[max(0, at - 30):at + 10]!r}" for at, c in enumerate(decoded)
           if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    return bad[:3]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--connections", type=int, default=1000, help="that are held open")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--p99", type=float, default=1.0, help="seconds that a C-ECHO or /healthz may take")
    parser.add_argument("--binaries", default=pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="hilum-hostile-")
    print(f"seed {arguments.seed}")
    hostile = Hostile(folder, pathlib.Path(arguments.binaries), arguments.seconds, arguments.seed, arguments.connections)
    try:
        figures = hostile.run()
    finally:
        hostile.stop()
    print(json.dumps(figures, indent=1))
    for name in ("echo", "healthz"):
        if figures[name].get("p99", 0) > arguments.p99:
            hostile.failures.append(f"p99 of {name} is {figures[name]['p99']} s")
    for failure in hostile.failures[:20]:
        print(f"FAILED: {failure}")
    if hostile.failures:
        print(f"{len(hostile.failures)} failures; the node's log is in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
