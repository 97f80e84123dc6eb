"""A hospital whose systems speak TLS: its certificates, a PACS and a worklist."""

import pathlib
import shutil
import socket
import ssl
import tempfile
import unittest

from certificates import Authority
from hilum_harness import need
from local_services import Service, free_port
from mllp_receiver import MllpReceiver


def association_request(calling, called="HILUM"):
    """An A-ASSOCIATE-RQ for Verification (PS3.8 9.3.2)."""
    def item(kind, content):
        return bytes([kind, 0]) + len(content).to_bytes(2, "big") + content
    context = item(0x20, b"\x01\x00\x00\x00" + item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2"))
    user = item(0x50, item(0x51, (16384).to_bytes(4, "big")) + item(0x52, b"1.2.3.4"))
    body = (b"\x00\x01\x00\x00" + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
            + item(0x10, b"1.2.840.10008.3.1.1.1") + context + user)
    return b"\x01\x00" + len(body).to_bytes(4, "big") + body


class StoreScp(Service):
    """DCMTK's storescp over TLS, which wants a certificate."""

    def __init__(self, folder, identity, authority, *options, port=0):
        super().__init__("storescp", folder)
        self.port = port or free_port()
        self.received = self.folder / "received"
        self.received.mkdir()
        self.command = ["storescp", "-v", "+tls", identity.key, identity.certificate, "+cf", authority, "-aet", "PACS",
                        "-od", self.received, *options, self.port]

    def start(self):
        self.launch(self.command)
        self.await_ready(lambda: self.is_open(), 30)
        return self

    def is_open(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Worklist(MllpReceiver):
    """One that asks for a certificate."""

    def __init__(self, identity, authority, port=0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
        super().__init__(context, port)


class Hospital(unittest.TestCase):
    """Certificates of a hospital: made once for all tests, since none changes them."""

    @classmethod
    def setUpClass(cls):
        need("openssl", "storescu", "echoscu", "storescp")
        cls.pki = pathlib.Path(tempfile.mkdtemp(prefix="hilum-pki-"))
        cls.addClassCleanup(shutil.rmtree, cls.pki, ignore_errors=True)
        cls.ca, cls.stranger = Authority(cls.pki / "hospital", "Hospital CA"), Authority(cls.pki / "stranger", "Stranger CA")
        cls.node_identity = cls.ca.issue("hilum.hospital", "DNS:localhost,IP:127.0.0.1")
        cls.modality = cls.ca.issue("MODALITY", "DNS:xray1.hospital")
        cls.other = cls.ca.issue("OTHER")
        cls.revoked = cls.ca.issue("MODALITY", file="revoked")
        cls.expired = cls.ca.issue("MODALITY", days=(-20, -1), file="expired")
        cls.future = cls.ca.issue("MODALITY", days=(2, 20), file="future")
        cls.foreign = cls.stranger.issue("MODALITY")
        cls.ca.revoke(cls.revoked)
        cls.crl = cls.ca.revocation_list()

    def tls(self, **changes):
        return {"port": 0, "certificate": str(self.node_identity.certificate), "key": str(self.node_identity.key),
                "ca": str(self.ca.certificate), "crl": [str(self.crl)], **changes}
