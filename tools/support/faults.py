"""Fails the n-th system call of one kind in one role of a working node, n from 1 until a radiograph's way has no more of
them, and the same while a node that was killed starts again; checks after each: the radiograph is acknowledged in the end, its
report, its picture and its message come once, the audit server gets the whole trail, nothing is set aside, the node is there. Run by
tools/faults, and in a sample by tests/faults."""

import argparse
import errno
import itertools
import multiprocessing
import os
import pathlib
import random
import sys
import time

from fault_plan import SHORT_WRITE, word_for
from faulty_node import FaultyNode
from local_services import ServiceError, folder_kept_on_failure
from other_peers import OtherPeers

DISK = (errno.EIO, errno.ENOSPC)
LACK = (errno.EMFILE, errno.ENOMEM)
ERRORS = {
    "open": (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM), "read": (errno.EIO,),
    "write": (*DISK, errno.EDQUOT, errno.EROFS, SHORT_WRITE), "sync": DISK, "rename": DISK, "unlink": (errno.EIO,),
    "truncate": DISK, "mkdir": DISK, "mmap": (errno.ENOMEM,), "memfd": LACK, "socketpair": LACK,
    "fork": (errno.EAGAIN, errno.ENOMEM), "accept": LACK, "sendmsg": (errno.ENOBUFS, errno.ENOMEM),
    "recvmsg": (errno.ENOMEM,), "send": (errno.ENOBUFS,), "recv": (errno.ENOMEM,), "socket": (errno.EMFILE, errno.ENOBUFS),
    "connect": (errno.EADDRNOTAVAIL,), "poll": (errno.ENOMEM,), "eventfd": LACK, "epoll": (errno.ENOMEM, errno.ENOSPC),
    "dup": (errno.EMFILE,), "readdir": (errno.EIO,), "stat": (errno.EIO, errno.ENOMEM), "thread": (errno.EAGAIN,),
}
COORDINATOR = ("open", "read", "write", "sync", "rename", "unlink", "truncate", "mkdir", "mmap", "socketpair", "fork", "memfd", "sendmsg",
               "recvmsg", "epoll")
COORDINATOR_STARTING = (*COORDINATOR, "socket", "connect", "poll", "eventfd", "dup", "readdir", "stat", "thread")
CHILD = ("open", "read", "mmap", "memfd", "sendmsg", "recvmsg", "dup", "stat")
CHILD_STARTING = (*CHILD, "thread")
CALLS = {
    "coordinator": COORDINATOR,
    "listener": ("accept", "socketpair", "fork", "sendmsg", "recv", "poll", "eventfd"),
    "receiver": ("open", "read", "write", "sync", "rename", "mkdir", "memfd", "sendmsg", "recvmsg", "poll", "stat", "thread"),
    "decoder": CHILD,
    "worker": ("memfd", "mmap", "sendmsg", "recvmsg"),
    "composer": CHILD,
    "sender": ("open", "read", "sendmsg", "recvmsg", "send", "recv", "poll", "dup", "stat"),
    "syslog": ("sendmsg", "recvmsg", "send", "recv", "poll"),
    "http": ("accept", "memfd", "sendmsg", "recvmsg", "epoll", "dup"),
}
# What happens before the first radiograph. A thread that LibTorch lacks it waits for until the worker's start is too long.
CALLS_OF_A_START = {"coordinator": COORDINATOR_STARTING, "listener": ("open", "mmap", "sendmsg", "socket", "poll", "stat"),
                    "scanner": CHILD, "http": (*CHILD, "socket", "poll", "eventfd", "epoll"), "decoder": CHILD_STARTING,
                    "worker": CHILD, "composer": CHILD_STARTING, "sender": (*CHILD_STARTING, "socket", "connect", "send", "recv", "poll"),
                    "syslog": (*CHILD_STARTING, "socket", "connect", "send", "recv", "poll")}
MOST_CALLS = 600  # of one kind on a radiograph's way; more is a loop
MOST_STARTS = 60  # of one node: each start opens and reads what the radiographs before it left
OUTAGE, OUTAGE_OF = 3, {"syslog": 12}  # seconds; the audit trail goes out every five


def all_faults(role=None, call=None, calls=None):
    return [(one, kind, error) for one, kinds in (calls or CALLS).items() for kind in kinds for error in ERRORS[kind]
            if role in (None, one) and call in (None, kind)]


def every_number(attempt, role, call, error, first=1):
    """n from `first` until there is no such call any more. How many n there were."""
    for number in range(first, MOST_CALLS + 1):
        if not attempt(role, call, error, number):
            return number - first
    raise ServiceError(f"{role} {call}: more than {MOST_CALLS} calls for one radiograph")


def node_in(name, settings):
    return FaultyNode(settings["folder"] / name, settings["binaries"], settings["library"], settings["model"],
                      others=OtherPeers().start())


class Worker:
    """A process of the pool, with a node of its own; with another one after a fault that it did not survive."""
    settings, node, folders, radiographs = None, None, None, 0

    @classmethod
    def begin(cls, settings):
        cls.settings, cls.folders = settings, itertools.count(1)

    @classmethod
    def ready_node(cls):
        if cls.node is None:
            cls.node = node_in(f"{os.getpid()}-{next(cls.folders)}", cls.settings).start()
        return cls.node

    @classmethod
    def end_node(cls):
        if cls.node is not None:
            cls.node.stop()
        cls.node = None

    @classmethod
    def retire_node(cls):
        cls.check_and_forget()
        cls.end_node()

    @classmethod
    def check_and_forget(cls):
        cls.radiographs += len(cls.node.sent)
        cls.node.forget()

    @classmethod
    def try_start(cls, *fault):
        if cls.node is not None and len(cls.node.sent) >= MOST_STARTS:
            cls.retire_node()
        return cls.ready_node().try_start(*fault)

    @classmethod
    def try_one(cls, *fault):
        return cls.ready_node().try_one(*fault)

    @classmethod
    def do(cls, work):
        """(faults, outages, radiographs, what was wrong or empty) of one of every_number."""
        starting, role, call, error = work
        faults = outages = 0
        wrong, before = "", cls.radiographs
        try:
            faults = every_number(cls.try_start if starting else cls.try_one, role, call, error, cls.settings["first"])
            print(f"{'starting ' if starting else ''}{role} {call} {word_for(error)}: {faults} n", flush=True)
            if not starting and cls.settings["outages"]:
                cls.node.outage(role, call, error, OUTAGE_OF.get(role, OUTAGE))
                outages = 1
            if starting:
                cls.retire_node()
            else:
                cls.check_and_forget()
        except Exception as problem:  # whatever it is, the others are tried
            wrong = f"{role} {call} {word_for(error)}: {type(problem).__name__}: {problem}"
            print(f"FAILED: {wrong}", flush=True)
            cls.end_node()
        return faults, outages, cls.radiographs - before, wrong


def all_work(options):
    """The longest first, so that no process is left with it at the end."""
    asked = [(False, *fault) for fault in all_faults(options.role, options.call)] if not options.starting else []
    if not options.on_the_way:
        asked += [(True, *fault) for fault in all_faults(options.role, options.call, CALLS_OF_A_START)]
    return sorted(asked, key=lambda work: (work[1], work[2]) != ("coordinator", "write"))


def run_all(settings, options):
    with multiprocessing.get_context("fork").Pool(options.jobs, Worker.begin, (settings,)) as pool:
        done = pool.map(Worker.do, all_work(options), chunksize=1)
    wrong = [problem for *_, problem in done if problem]
    if wrong:
        raise ServiceError(f"{len(wrong)} of {len(done)} kinds of fault: " + "\n".join(wrong))
    return [sum(one[column] for one in done) for column in range(3)]


def run_sample(settings, options):
    node, faults = node_in("node", settings), 0
    try:
        node.start()
        chance = random.Random(options.seed)
        for starting, role, call, error in chance.choices(all_work(options), k=options.sample):
            faults += (node.try_start if starting else node.try_one)(role, call, error, chance.randint(1, 6))
        node.check_once()
        return faults, 0, len(node.sent)
    finally:
        node.stop()


def main():
    source = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="tools/faults", description=__doc__)
    parser.add_argument("--role", choices=sorted({*CALLS, *CALLS_OF_A_START}))
    parser.add_argument("--call", choices=sorted(ERRORS))
    parser.add_argument("--first", type=int, default=1, metavar="N", help="from the n-th call on")
    parser.add_argument("--sample", type=int, default=0, help="so many by chance instead of all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--jobs", type=int, default=1, help="so many nodes at once")
    parser.add_argument("--no-outages", action="store_true", help="only single calls fail")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--on-the-way", action="store_true", help="not while the node starts")
    parts.add_argument("--starting", action="store_true", help="only while the node starts")
    parser.add_argument("--build", type=pathlib.Path, default=source / "build" / "release")
    options = parser.parse_args()
    if not all_work(options):
        parser.error("no role makes such calls there")
    print(f"seed {options.seed}", flush=True)
    started = time.monotonic()
    try:
        with folder_kept_on_failure("hilum-faults-") as folder:
            settings = {"folder": folder, "binaries": options.build / "bin", "library": options.build / "tests" / "faulty_system.so",
                        "model": source / "config" / "models" / "demo", "outages": not options.no_outages, "first": options.first}
            faults, outages, radiographs = (run_sample if options.sample else run_all)(settings, options)
    except ServiceError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"{faults} faults, {outages} outages, {radiographs} radiographs, each reported once, in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
