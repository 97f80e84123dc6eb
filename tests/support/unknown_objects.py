"""Objects in a spool that its database does not know, and a scanner that is stopped at them."""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import sqlite3
import time

import pydicom

from hilum_harness import wait_until


def plant(data, source, count=1):
    """As a crash between their renaming and their commit leaves them; their folder."""
    folder = pathlib.Path(data) / "spool" / "20260101"
    folder.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    uid = str(pydicom.dcmread(source, stop_before_pixels=True).SOPInstanceUID).encode()
    for number in range(count):
        (folder / f"{number:032x}.dcm").write_bytes(content.replace(uid, uid[:-6] + b"%06d" % number))
    return folder


def count_of_instances(data):
    database = sqlite3.connect(f"file:{data / 'hilum.db'}?mode=ro", uri=True, timeout=30)
    with contextlib.closing(database):
        return database.execute("SELECT count(*) FROM instance").fetchone()[0]


def start_and_stop_the_scanner(node, data, after):
    """Starts the node; its scanner stands still once so many objects have their rows. (its process, since when)"""
    def stop():
        wait_until(lambda: (data / "hilum.db").exists() and count_of_instances(data) >= after, 60, f"{after} objects are adopted")
        scanner, = [pid for pid, role in node.descendants() if role == "scanner"]
        os.kill(scanner, signal.SIGSTOP)
        return scanner, time.monotonic()

    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        stopped = threads.submit(stop)
        node.start(inferring=False)
        return stopped.result()
