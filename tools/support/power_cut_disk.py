"""What a disk holds after a power cut, from the trace that the library of tests/faults has written.

The model is stricter than any file system of today: bytes are safe after fsync of their file, names (of new files, of
renames and removals) after fsync of their folder and not before. What is not safe is there, gone or torn, by chance."""

import dataclasses
import os
import pathlib
import struct

HEAD = struct.Struct("=HHIq")
KINDS = ("create", "write", "truncate", "sync", "rename", "unlink", "mkdir", "sent")
SECTOR = 512


@dataclasses.dataclass
class Event:
    kind: str
    path: str
    data: bytes
    offset: int


def read_trace(file):
    """The events, as they happened. Paths are as the node knew them."""
    events, bytes_ = [], memoryview(pathlib.Path(file).read_bytes())
    at = 0
    while at < len(bytes_):
        kind, path_size, data_size, offset = HEAD.unpack_from(bytes_, at)
        at += HEAD.size
        path = bytes(bytes_[at:at + path_size]).decode()
        at += path_size
        events.append(Event(KINDS[kind], path, bytes(bytes_[at:at + data_size]), offset))
        at += data_size
    return events


class File:
    """An inode: what is safe, and what was done since."""

    def __init__(self):
        self.safe = bytearray()
        self.pending = []  # (offset, bytes) of writes; (size, None) of truncations

    def sync(self):
        for change in self.pending:
            apply(self.safe, change)
        self.pending.clear()


def apply(content, change):
    at, data = change
    if data is None:
        del content[at:]
        content.extend(bytes(max(0, at - len(content))))
        return
    content.extend(bytes(max(0, at - len(content))))
    content[at:at + len(data)] = data


class Disk:
    """Below one folder."""

    def __init__(self, root):
        self.root = str(root)
        self.names = {}       # as a running system sees them: path -> File
        self.safe_names = {}  # after a cut
        self.folders, self.safe_folders = {self.root}, {self.root}
        self.pending_names = []  # (folder, how, ...), in order

    def happen(self, event):
        getattr(self, "_" + event.kind)(event)

    def _create(self, event):
        file = self.names[event.path] = File()
        self._name(event.path, lambda names, path=event.path: names.__setitem__(path, file))

    def _write(self, event):
        if event.path in self.names:  # not of a file that has no name any more
            self.names[event.path].pending.append((event.offset, event.data))

    def _truncate(self, event):
        if event.path in self.names:
            self.names[event.path].pending.append((event.offset, None))

    def _rename(self, event):
        to, file = event.data.decode(), self.names.pop(event.path)
        self.names[to] = file

        def rename(names):
            names.pop(event.path, None)
            names[to] = file
        self._name(to, rename)

    def _unlink(self, event):
        self.names.pop(event.path, None)
        self._name(event.path, lambda names: names.pop(event.path, None))

    def _mkdir(self, event):
        self.folders.add(event.path)
        self._name(event.path, lambda _: self.safe_folders.add(event.path))

    def _name(self, path, change):
        self.pending_names.append((os.path.dirname(path), change))

    def _sync(self, event):
        if event.path in self.names:
            self.names[event.path].sync()
            return
        for folder, change in self.pending_names:
            if folder == event.path:
                change(self.safe_names)
        self.pending_names = [one for one in self.pending_names if one[0] != event.path]

    def _sent(self, _):
        pass

    def leave(self, target, chance, way):
        """Writes what is left below `target`. `way`: nothing of what was not safe, all of it, or by chance."""
        keeps = {"nothing": lambda: False, "all": lambda: True, "chance": lambda: chance.random() < 0.5}[way]
        names, folders = dict(self.safe_names), set(self.safe_folders)
        kept_folders, self.safe_folders = self.safe_folders, folders
        for _, change in self.pending_names:
            if keeps():
                change(names)
        self.safe_folders = kept_folders
        for path, file in names.items():
            if not self._is_there(path, folders):
                continue
            content = bytearray(file.safe)
            for change in file.pending:
                if keeps():
                    apply(content, torn(change, chance) if way == "chance" else change)
            place = pathlib.Path(target) / os.path.relpath(path, self.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def _is_there(self, path, folders):
        folder = os.path.dirname(path)
        while len(folder) > len(self.root):
            if folder in self.folders and folder not in folders:
                return False
            folder = os.path.dirname(folder)
        return True


def torn(change, chance):
    """Some sectors of a write, the first or any."""
    at, data = change
    if data is None or chance.random() < 0.6:
        return change
    whole = at + chance.randrange(0, len(data) + 1)
    return at, data[:max(0, whole - whole % SECTOR - at)]
