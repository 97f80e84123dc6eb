"""The test's side of the library that makes system calls fail (tests/faults): its plan in shared memory."""

import errno
import mmap
import pathlib
import struct

ROLE, CALL, FOLDER = 16, 16, 4096
HEAD = struct.Struct(f"=iiqqqqii{ROLE}s{CALL}s{FOLDER}s")
SEEN, FAILED = 24, 32  # offsets of the counters
FOR_EVER = 1 << 40
SHORT_WRITE = 0


class FaultPlan:
    """Which calls of which role fail. `file` is for the environment variable HILUM_FAULTS."""

    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.file.write_bytes(bytes(HEAD.size))
        with open(self.file, "r+b") as opened:
            self.memory = mmap.mmap(opened.fileno(), HEAD.size)

    def arm(self, role, call, error, first=1, times=1, folder=""):
        """From its `first` call of that kind on, below the folder where it is about a file, `times` of them fail."""
        self.disarm()
        self.memory[:] = HEAD.pack(0, error, first, times, 0, 0, 0, 0, role.encode(), call.encode(),
                                   str(folder).encode())
        self.memory[0:4] = struct.pack("=i", 1)

    def disarm(self):
        self.memory[0:4] = struct.pack("=i", 0)

    @property
    def seen(self):
        """Calls of that kind since it was armed."""
        return struct.unpack_from("=q", self.memory, SEEN)[0]

    @property
    def failed(self):
        return struct.unpack_from("=q", self.memory, FAILED)[0]


def word_for(error):
    return "short" if error == SHORT_WRITE else errno.errorcode[error]
