"""A syslog server that keeps what it gets: over UDP, TCP with octet counting, or TLS."""

import base64
import json
import re
import socket
import ssl
import struct
import threading
import xml.etree.ElementTree as xml

HEADER = re.compile(r"<(?P<priority>\d+)>1 (?P<time>\S+) (?P<host>\S+) (?P<application>\S+) (?P<process>\S+) (?P<id>\S+)"
                    r" - (?P<text>.*)", re.DOTALL)


class Received:
    """One message, read as RFC 5424 has it."""

    def __init__(self, line):
        self.line = line.decode("utf-8")
        self.header = HEADER.fullmatch(self.line)
        if self.header is None:
            raise AssertionError(f"no RFC 5424 message: {self.line[:200]}")
        self.id = self.header["id"]
        self.is_audit = self.id == "DICOM+RFC3881"
        if self.is_audit and not self.header["text"].startswith("\ufeff"):
            raise AssertionError("UTF-8 without its byte order mark")

    @property
    def xml(self):
        return self.header["text"].removeprefix("\ufeff")

    @property
    def event(self):
        """As `hilum audit export` has it."""
        for detail in xml.fromstring(self.xml).iter("ParticipantObjectDetail"):
            if detail.get("type") == "event":
                return json.loads(base64.b64decode(detail.get("value")))
        return None


def frames_in(buffer):
    """The whole frames of a stream, and what is left."""
    frames = []
    while True:
        length, blank, rest = buffer.partition(b" ")
        if not blank:
            if len(length) > 10:
                raise AssertionError(f"no length of a frame: {length[:40]}")
            return frames, buffer
        if len(rest) < int(length):
            return frames, buffer
        frames.append(rest[:int(length)])
        buffer = rest[int(length):]


class SyslogServer:
    """`identity`: of the protocol tls. `deaf`: takes connections and reads nothing."""

    def __init__(self, protocol="tcp", identity=None, port=0, deaf=False):
        self.protocol, self.port, self.deaf = protocol, port, deaf
        self.lines, self.errors, self.connections = [], [], []
        self.taken = 0
        self.context = None
        if identity is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(identity.certificate, identity.key)
        self.socket = None

    def start(self):
        kind = socket.SOCK_DGRAM if self.protocol == "udp" else socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.protocol == "udp":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", self.port))
        self.port = self.socket.getsockname()[1]
        if self.protocol != "udp":
            self.socket.listen(8)
        serve = self._datagrams if self.protocol == "udp" else self._accept
        threading.Thread(target=serve, args=(self.socket,), daemon=True).start()
        return self

    def stop(self):
        """As one that is killed: what was not read is lost, and the peer is told by a reset."""
        for one in [self.socket, *self.connections]:
            try:
                if one.type == socket.SOCK_STREAM and one is not self.socket:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        self.connections = []

    def _datagrams(self, bound):
        while True:
            try:
                message = bound.recv(65535)
            except OSError:
                return
            if not message:
                return
            self.lines.append(message)

    def _accept(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.taken += 1
            self.connections.append(connection)
            if not self.deaf:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
            buffer = b""
            while chunk := connection.recv(65536):
                frames, buffer = frames_in(buffer + chunk)
                self.lines += frames
        except (OSError, ValueError) as error:
            self.errors.append(str(error))

    def received(self):
        return [Received(line) for line in list(self.lines)]

    def events(self):
        return [one.event for one in self.received() if one.is_audit]
