"""A worklist: takes HL7 messages over MLLP, in TLS where it is given a context, and says AA to each."""

import socket
import ssl
import threading

END = b"\x1c\r"


def control_id_of(message):
    return message.split("\r")[0].split("|")[9]


class MllpReceiver(threading.Thread):
    def __init__(self, context=None, port=0):
        super().__init__(daemon=True)
        self.context = context
        self.server = socket.create_server(("127.0.0.1", port))
        self.port = self.server.getsockname()[1]
        self.messages = []

    def run(self):
        while True:
            try:
                plain, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.take, args=(plain,), daemon=True).start()

    def stop(self):
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()

    def take(self, plain):
        try:
            connection = self.context.wrap_socket(plain, server_side=True) if self.context else plain
            with connection:
                self.serve(connection)
        except (ssl.SSLError, OSError):
            pass  # a peer that is refused, or that ends in the middle

    def serve(self, connection):
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
            while END in received:
                message, _, received = received.partition(END)
                self.messages.append(message.lstrip(b"\x0b").decode())
                connection.sendall(self.acknowledgement(self.messages[-1]))

    @staticmethod
    def acknowledgement(message):
        return f"\x0bMSH|^~\\&|RIS|R|H|H|20260101||ACK|1|P|2.5.1\rMSA|AA|{control_id_of(message)}\r".encode() + END
