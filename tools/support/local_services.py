"""Starts Orthanc and hilumd on this machine for demonstrations and tests, and ends them without leaving a trace.

Everything lives below folders of the caller's, listens on the loopback, on ports that were free, and dies with the
process that started it, even when that is killed.
"""

import collections
import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from processes import descendants_of

POLL_SECONDS = 0.05
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class ServiceError(Exception):
    """A service did not do what it had to within its time; the message ends with the end of its log."""


def wait_until(condition, seconds, what):
    """Polls `condition` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise ServiceError(f"{what}: not within {seconds} s")
        time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def folder_kept_on_failure(prefix):
    """A temporary folder, which stays where a ServiceError leaves the block: its text names it."""
    folder = tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("TMPDIR"))
    try:
        yield pathlib.Path(folder)
    except ServiceError as error:
        raise ServiceError(f"{error}\nWhat it left: {folder}") from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


# What a sanitizer says, whichever process says it and wherever that ends up.
SANITIZER_REPORT = re.compile(r"^.*(?:ERROR: (?:Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error: ).*$", re.MULTILINE)


class PortRegister:
    """Hands out loopback ports, none to two processes of a user that use this module at once: a port is locked in a file that
    they share, whatever TMPDIR is, and lies below the range from which the kernel takes the local ports of connections."""

    FIRST, LAST = 10000, 32767  # net.ipv4.ip_local_port_range begins at 32768
    KEPT = 512  # what was handed out earlier than that is free again

    def __init__(self):
        self.process, self.file, self.locked = None, None, collections.deque()

    def take(self):
        if self.process != os.getpid():  # locks are a process's own, not its children's
            self.process, self.locked = os.getpid(), collections.deque()
            # Never closed before the process ends: that would give all its locks back.
            self.file = os.open(f"/tmp/hilum-test-ports-{os.getuid()}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for _ in range(1000):
            port = secrets.choice(range(self.FIRST, self.LAST + 1))
            if port not in self.locked and self._lock(port):
                return port
        raise ServiceError(f"none of the loopback ports {self.FIRST} to {self.LAST} is free")

    def _lock(self, port):
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:  # another process has it
            return False
        self.locked.append(port)
        if len(self.locked) > self.KEPT:
            fcntl.lockf(self.file, fcntl.LOCK_UN, 1, self.locked.popleft())
        return True


PORTS = PortRegister()


def free_port():
    return PORTS.take()


def http(url, body=None, method=None, timeout=30, token=None):
    """The status and the body (bytes) of an HTTP request; (0, reason) where nobody answers."""
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, data=data, method=method,
                                     headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        return 0, str(error).encode()


class Service:
    """One program with its log file."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_file = self.folder / f"{name}.log"
        self.process = None

    def launch(self, arguments, environment=None):
        parent = os.getpid()

        def before_exec():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(127)

        self.log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                preexec_fn=before_exec, env={**os.environ, **(environment or {})})

    def log(self):
        """What it has logged since its last start."""
        if not self.log_file.exists():
            return ""
        with open(self.log_file, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def await_ready(self, condition, seconds):
        def ready_or_dead():
            if not self.is_running():
                raise ServiceError(f"{self.name} ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            return condition()

        try:
            return wait_until(ready_or_dead, seconds, f"{self.name} is ready")
        except ServiceError as error:
            raise ServiceError(f"{error}\n{self.log()[-3000:]}") from None

    def await_exit(self, seconds=60):
        """The exit status, once it has ended by itself."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServiceError(f"{self.name} did not end within {seconds} s:\n{self.log()[-3000:]}") from None

    def stop(self, seconds=60):
        """SIGTERM, and SIGKILL to all of its session when that does not help. The exit status."""
        if self.process is None:
            return None
        if self.is_running():
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise ServiceError(
                f"{self.name} did not end within {seconds} s of SIGTERM:\n{self.log()[-3000:]}") from None

    def kill(self):
        if self.is_running():
            self.process.kill()
        if self.process is not None:
            self.process.wait()


ROUTED_MODALITIES = ("CR", "DX")

# As docs/pacs.md gives it to sites: sends what a modality stored on to Hilum, and not what Hilum itself sent.
ROUTING_RULE = pathlib.Path(__file__).resolve().parents[2] / "config" / "orthanc" / "route_to_hilum.lua"


class Orthanc(Service):
    """Orthanc as the PACS: stores what it is given, and routes radiographs to Hilum where asked."""

    AE_TITLE = "ORTHANC"

    def __init__(self, folder, routes=False, **settings):
        super().__init__("orthanc", folder)
        self.routes = routes
        self.settings = settings
        self.port = self.http_port = 0

    def _write_configuration(self):
        scripts = [str(ROUTING_RULE)] if self.routes else []
        settings = {
            "Name": "PACS for Hilum",
            "StorageDirectory": str(self.folder / "storage"), "IndexDirectory": str(self.folder / "storage"),
            "StorageCompression": False, "LuaScripts": scripts, "Plugins": [],
            "HttpPort": self.http_port, "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
            "WebDavEnabled": False, "HttpRequestTimeout": 60,
            "DicomAet": self.AE_TITLE, "DicomPort": self.port, "DicomCheckCalledAet": True,
            "DicomAlwaysAllowEcho": False, "DicomAlwaysAllowStore": False, "DicomCheckModalityHost": True,
            "DicomModalities": {}, "DicomModalitiesInDatabase": False, "OverwriteInstances": False, **self.settings}
        file = self.folder / "orthanc.json"
        file.write_text(json.dumps(settings, indent=2))
        return file

    def start(self):
        """On the ports that it had before, or on free ones; tries others when somebody was quicker."""
        keep = self.port != 0
        for last in (False, False, True):
            if not keep:
                self.port, self.http_port = free_port(), free_port()
            self.launch(["/usr/sbin/Orthanc", self._write_configuration()])
            try:
                self.await_ready(lambda: self.get("/system", tolerate=True) is not None, 60)
                return self
            except ServiceError:
                self.kill()
                if last or keep:
                    raise
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    def get(self, path, tolerate=False):
        status, body = http(self.url + path)
        if status == 200:
            return json.loads(body)
        if tolerate:
            return None
        raise ServiceError(f"Orthanc answered {status} to GET {path}: {body[:500]!r}")

    def get_file(self, instance):
        status, body = http(f"{self.url}/instances/{instance}/file", timeout=120)
        if status != 200:
            raise ServiceError(f"Orthanc answered {status} for instance {instance}")
        return body

    def know(self, name, ae_title, port):
        """Makes a DICOM node known: a target for routing and an allowed caller."""
        node = {"AET": ae_title, "Host": "127.0.0.1", "Port": port, "AllowEcho": True, "AllowStore": True}
        status, body = http(f"{self.url}/modalities/{name}", json.dumps(node), "PUT")
        if status != 200:
            raise ServiceError(f"Orthanc answered {status} to a new modality: {body[:500]!r}")

    def store(self, file):
        """Stores a DICOM file as a modality would have; Orthanc's answer (ID, ParentStudy, Status)."""
        status, body = http(f"{self.url}/instances", pathlib.Path(file).read_bytes(), "POST", timeout=120)
        if status != 200:
            raise ServiceError(f"Orthanc did not take {file}: {status} {body[:300]!r}")
        return json.loads(body)

    def instances(self, study=None):
        """Orthanc's descriptions of all instances, or of those of one study (Orthanc's identifier)."""
        return self.get(f"/studies/{study}/instances" if study else "/instances?expand")

    def sender_of(self, instance):
        """The AE title that an instance came from; empty for one that came over HTTP."""
        status, body = http(f"{self.url}/instances/{instance}/metadata/RemoteAET")
        return body.decode() if status == 200 else ""


def make_token(file, name, role):
    """A new token, as `hilum token create` makes them, added to a file of tokens."""
    token = "hilum_" + secrets.token_hex(32)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="ascii") as tokens:
        tokens.write(f"{name} {role} {hashlib.sha256(token.encode()).hexdigest()}\n")
    return token


class Hilum(Service):
    """hilumd with a configuration file of its own in `folder`."""

    def __init__(self, binaries, folder, configuration, environment=None):
        """`configuration`: the text of hilum.yaml."""
        super().__init__("hilumd", folder)
        self.binaries = pathlib.Path(binaries)
        self.environment = environment
        self.configuration_file = self.folder / "hilum.yaml"
        (self.folder / "tokens").unlink(missing_ok=True)  # of a node that was here before
        self.token = make_token(self.folder / "tokens", "tests", "act")
        self.configure(configuration)
        self.port = self.http_port = 0
        self.searched = 0  # bytes of the log

    def configure(self, configuration):
        """A configuration in JSON that says nothing of tokens knows ours."""
        if configuration.lstrip().startswith("{"):
            settings = json.loads(configuration)
            settings.setdefault("http", {}).setdefault("tokens_file", str(self.folder / "tokens"))
            configuration = json.dumps(settings, indent=1)
        self.configuration_file.write_text(configuration)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    def ask(self, path, body=None, method=None, timeout=30):
        """http() of a path of its own, as one who may have everything."""
        return http(self.url + path, body, method, timeout, self.token)

    def start(self, inferring=True, seconds=120):
        """Returns when it receives and, unless told otherwise, infers."""
        self.launch([self.binaries / "hilumd", "--config", self.configuration_file], self.environment)
        self.port = self.await_ready(lambda: self._port(r"receiving as .* on port (\d+)"), seconds)
        self.http_port = self.await_ready(lambda: self._port(r"serving HTTP on port (\d+)"), seconds)
        if inferring:
            self.await_ready(lambda: http(f"{self.url}/readyz")[0] == 200, seconds)
        return self

    def _port(self, pattern):
        found = re.search(pattern, self.log())
        return int(found[1]) if found else 0

    def stop(self, seconds=60):
        status = super().stop(seconds)
        self.must_be_clean()
        return status

    def kill(self):
        super().kill()
        self.must_be_clean()

    def must_be_clean(self):
        """In builds with sanitizers: a process that one ended is started again, and nothing else may be seen of it."""
        if not self.log_file.exists():
            return
        with open(self.log_file, "rb") as log:
            log.seek(self.searched)
            text = log.read().decode(errors="replace")
            self.searched = log.tell()
        if reported := SANITIZER_REPORT.search(text):
            raise ServiceError(f"a sanitizer complained of {self.name}:\n{text[reported.start():][:6000]}")

    def run(self, *arguments, seconds=120):
        """Runs the operator's command line `hilum` against this node; the completed process."""
        return subprocess.run(
            [str(self.binaries / "hilum"), "--config", str(self.configuration_file), *map(str, arguments)],
            capture_output=True, text=True, timeout=seconds, check=False)

    def descendants(self):
        """The processes of this node: (pid, role) of all but the coordinator."""
        return descendants_of(self.process.pid)
