"""What /proc tells of processes, those of a node above all."""

import pathlib
import re


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def parent_of(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def descendants_of(root):
    """(pid, role) of every process below `root`; the role is empty for other programs."""
    parents = {int(entry.name): parent_of(int(entry.name))
               for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()}
    found, level = [], [root]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        found += level
    result = []
    for pid in found:
        arguments = command_line(pid)
        role = arguments[arguments.index("--role") + 1] if "--role" in arguments else ""
        result.append((pid, role))
    return result


def has_sanitizer(pid):
    """Whether a sanitizer's run-time library is in it: it traces itself, and keeps for a while what was freed."""
    try:
        return re.search(r"/lib[at]san\.so", pathlib.Path(f"/proc/{pid}/maps").read_text()) is not None
    except PermissionError:
        return False  # it hides its memory, which nothing does that traces itself


def is_alive(pid):
    """Whether a process is there and no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
