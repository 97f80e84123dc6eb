"""A slow line between a node and its PACS: a TCP proxy that reads what it is sent at a given rate."""

import select
import socket
import threading
import time

RECEIVE_BUFFER = 16 * 1024
TICK = 0.02


class SlowLine:
    """Listens on a free loopback port until close(); what comes back from `target_port` is passed on at once."""

    def __init__(self, target_port, bytes_per_second):
        self.target_port, self.bytes_per_second = target_port, bytes_per_second
        self.connections = 0
        self._ended = threading.Event()
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(8)
        self._listening.settimeout(TICK)
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._take_connections)]
        self._threads[0].start()

    def close(self):
        self._ended.set()
        while self._threads:
            self._threads.pop(0).join()
        self._listening.close()

    def _take_connections(self):
        while not self._ended.is_set():
            try:
                client, _ = self._listening.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._threads.append(threading.Thread(target=self._pass_on, args=(client,)))
            self._threads[-1].start()

    def _pass_on(self, client):
        with client, socket.create_connection(("127.0.0.1", self.target_port)) as server:
            started, passed = time.monotonic(), 0
            while not self._ended.is_set():
                due = int((time.monotonic() - started) * self.bytes_per_second) + 1024 - passed
                readable, _, _ = select.select([server, client] if due > 0 else [server], [], [], TICK)
                try:
                    if server in readable:
                        answer = server.recv(65536)
                        if not answer:
                            return
                        client.sendall(answer)
                    if client in readable:
                        some = client.recv(due)
                        if not some:
                            return
                        server.sendall(some)
                        passed += len(some)
                except OSError:
                    return
