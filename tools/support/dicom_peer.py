"""A DICOM peer made of bytes (PS3.8), from a source address of one's choice: what DCMTK's tools cannot do."""

import socket
import struct

from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

IMPLICIT = "1.2.840.10008.1.2"
VERIFICATION = "1.2.840.10008.1.1"


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def associate_rq(contexts, calling=b"PACS", called=b"HILUM"):
    """`contexts`: (abstract syntax, transfer syntax), with the identifiers 1, 3, 5, ..."""
    body = struct.pack(">HH", 1, 0) + called.ljust(16)[:16] + calling.ljust(16)[:16] + bytes(32)
    body += item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, (abstract, transfer) in enumerate(contexts):
        body += item(0x20, bytes([2 * number + 1, 0, 0, 0]) + item(0x30, abstract.encode()) + item(0x40, transfer.encode()))
    return pdu(0x01, body + item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3")))


def p_data(context, command, bytes_, last=True):
    head = struct.pack(">IBB", len(bytes_) + 2, context, (1 if command else 0) | (2 if last else 0))
    return pdu(0x04, head + bytes_)


def command_set(*elements):
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def us(value):
    return struct.pack("<H", value)


def ui(uid):
    return uid.encode() + b"\0" * (len(uid) % 2)


C_ECHO_RQ = command_set((0x0002, ui(VERIFICATION)), (0x0100, us(0x0030)), (0x0110, us(1)), (0x0800, us(0x0101)))


def connect(address, source, timeout=30):
    connection = socket.create_connection(address, timeout=timeout, source_address=(source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read(connection, size):
    """`size` bytes; fewer where the peer closed."""
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            break
        got += part
    return got


class Association:
    """Raises OSError where the node does not answer as it should."""

    def __init__(self, address, source, contexts, calling=b"PACS", timeout=30):
        self.connection = connect(address, source, timeout)
        try:
            self.connection.sendall(associate_rq(contexts, calling))
            kind, answer = self.receive()
            if kind != 0x02:
                raise OSError(f"no A-ASSOCIATE-AC, but PDU {kind:#x} {answer[:4].hex()}")
        except OSError:
            self.connection.close()
            raise

    def receive(self):
        head = read(self.connection, 6)
        if len(head) < 6:
            raise OSError("the node closed the connection")
        return head[0], read(self.connection, struct.unpack(">I", head[2:])[0])

    def status(self):
        """Of the response that comes."""
        kind, body = self.receive()
        if kind != 0x04:
            raise OSError(f"no P-DATA-TF, but PDU {kind:#x}")
        command, at = body[6:], 0
        while at + 8 <= len(command):
            element, length = struct.unpack("<HI", command[at + 2:at + 8])
            if element == 0x0900:
                return struct.unpack("<H", command[at + 8:at + 10])[0]
            at += 8 + length
        raise OSError("a response without a status")

    def echo(self):
        self.connection.sendall(p_data(1, True, C_ECHO_RQ))
        return self.status()

    def store(self, dataset):
        """Over context 3, in Implicit VR Little Endian."""
        file = DicomBytesIO()
        file.is_little_endian, file.is_implicit_VR = True, True
        write_dataset(file, dataset)
        bytes_ = file.getvalue()
        self.connection.sendall(p_data(3, True, command_set(
            (0x0002, ui(dataset.SOPClassUID)), (0x0100, us(0x0001)), (0x0110, us(1)), (0x0700, us(0)), (0x0800, us(1)),
            (0x1000, ui(dataset.SOPInstanceUID)))))
        step = 16000
        for at in range(0, len(bytes_), step):
            self.connection.sendall(p_data(3, False, bytes_[at:at + step], at + step >= len(bytes_)))
        return self.status()

    def release(self):
        self.connection.sendall(pdu(0x05, bytes(4)))
        try:
            self.receive()
        finally:
            self.connection.close()
