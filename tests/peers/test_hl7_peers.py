"""The HL7 scripts of this folder do what they say: what else would tests that lean on them prove?"""

import json
import pathlib
import re
import socket
import tempfile
import unittest

from hilum_harness import Peer, ServiceError, run_peer

MESSAGE = ("MSH|^~\\&|HILUM|CLINIC|RIS|CLINIC|20260102030405||ORU^R01^ORU_R01|42|P|2.5.1\r"
           "PID|||17^^^CLINIC&1.2.3&ISO^MR~18||Müller^Zoë\r"
           "OBX|1|NM|a||0.93\r"
           "OBX|2|TX|b||1 \\T\\ 2 \\F\\ 3 \\S\\ 4 \\R\\ 5 \\E\\ 6\r")


class Hl7PeersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hilum-hl7-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def read(self, message):
        file = self.folder / "message.hl7"
        file.write_bytes(message.encode())
        return run_peer("read_hl7.js", file)

    def test_a_message_is_taken_apart(self):
        segments = self.read(MESSAGE)
        self.assertEqual([segment["name"] for segment in segments], ["MSH", "PID", "OBX", "OBX"])
        header, patient, number, text = [segment["fields"] for segment in segments]
        self.assertEqual((header["1"], header["2"]), ([["|"]], [["^~\\&"]]))
        self.assertEqual(header["9"], [["ORU", "R01", "ORU_R01"]])
        self.assertNotIn("8", header)
        self.assertEqual(patient["3"], [["17", "", "", ["CLINIC", "1.2.3", "ISO"], "MR"], ["18"]])
        self.assertEqual(patient["5"], [["Müller", "Zoë"]])
        self.assertEqual(number["5"], [["0.93"]])
        self.assertEqual(text["5"], [["1 & 2 | 3 ^ 4 ~ 5 \\ 6"]])

    def test_what_is_no_message_is_refused(self):
        for wrong in (MESSAGE.replace("\r", "\r\n"), MESSAGE[1:]):
            with self.assertRaisesRegex(ServiceError, "a message begins with MSH"):
                self.read(wrong)

    def start_receiver(self, answer):
        self.received = self.folder / f"{answer}.jsonl"
        receiver = Peer(self.folder, "mllp_receiver.js", self.received, answer)
        self.addCleanup(receiver.kill)
        connection = socket.create_connection(("127.0.0.1", receiver.start().port), timeout=10)
        self.addCleanup(connection.close)
        return connection

    def test_the_receiver_answers_as_told_and_keeps_what_came(self):
        for answer in ("AA", "AE", "AR"):
            connection = self.start_receiver(answer)
            for control in ("42", "43"):
                connection.sendall(b"\x0b" + MESSAGE.replace("|42|", f"|{control}|").encode() + b"\x1c\r")
                reply = b""
                while not reply.endswith(b"\x1c\r"):
                    piece = connection.recv(4096)
                    self.assertTrue(piece, "the receiver hung up")
                    reply += piece
                self.assertRegex(reply.decode(), re.escape(f"\rMSA|{answer}|{control}\r"))
            lines = [json.loads(line)["message"] for line in self.received.read_text().splitlines()]
            self.assertEqual(lines, [MESSAGE, MESSAGE.replace("|42|", "|43|")])

    def test_a_receiver_that_never_answers_keeps_what_came(self):
        connection = self.start_receiver("never")
        connection.sendall(b"\x0b" + MESSAGE.encode() + b"\x1c\r")
        connection.settimeout(1)
        with self.assertRaises(TimeoutError):
            connection.recv(1)
        self.assertEqual(json.loads(self.received.read_text())["message"], MESSAGE)
