"""What judges a file against the limits: a process of its own with the decoder's code, watched for time and memory."""

import array
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]

TOOL = pathlib.Path(os.environ["HILUM_BIN"]) / "prepare_tensors"
LONGEST, LARGEST = 2.0, 512 * 1024  # seconds, KiB
INPUT_ROWS, INPUT_COLUMNS = 64, 48
SIXTEEN = {"BitsStored": 16, "HighBit": 15}
MOST_SIDE = 7071          # of a square frame with as many pixels as are decoded
MOST_COLOUR_SIDE = 4082
MIB = 1 << 20

worst = {"seconds": (0.0, ""), "KiB": (0, "")}


def setUpModule():
    cache = (pathlib.Path(os.environ["HILUM_BUILD"]) / "CMakeCache.txt").read_text()
    if re.search(r"^HILUM_SANITIZE:\w+=.+", cache, re.MULTILINE):
        raise unittest.SkipTest("a sanitizer takes more time and memory than what it watches")


def tearDownModule():
    for unit, (value, name) in worst.items():
        print(f"the most: {value:.2f} {unit} ({name})")


def documented_codes():
    text = (SOURCE / "docs" / "pixels.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- codes: begin -->(.*)<!-- codes: end -->", text, re.DOTALL).group(1)
    return {code for row in table.splitlines() if row.startswith("| `")
            for code in re.findall(r"`(\w+)`", row.split(" | ")[0])}


def peak_memory(pid):
    """KiB, of this program alone: what the kernel tells of a child that ended has its parent's peak in it."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE).group(1))


class LimitsTest(unittest.TestCase):
    codes = documented_codes()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-limits-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.image, self.tensor = self.folder / "image.dcm", self.folder / "tensor"

    def answer(self, file, intensity="minmax"):
        """(answer, CPU seconds, KiB) of a process that ends as it should."""
        process = subprocess.Popen([TOOL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with process.stdin, process.stdout:
            process.stdin.write(f"{file} {intensity} letterbox {INPUT_ROWS} {INPUT_COLUMNS} {self.tensor}\n")
            process.stdin.flush()
            answer = process.stdout.readline().strip()
            memory = peak_memory(process.pid) if answer else 0
            process.stdin.close()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, answer)
        return answer, usage.ru_utime + usage.ru_stime, memory

    def judge(self, file, name, intensity="minmax"):
        """("prepared" or the code, its message), within the limits."""
        answer, seconds, memory = self.answer(file, intensity)
        self.assertTrue(answer, "no answer")
        for unit, value in (("seconds", seconds), ("KiB", memory)):
            worst[unit] = max(worst[unit], (value, name))
        self.assertLess(seconds, LONGEST, answer)
        self.assertLess(memory, LARGEST, answer)
        what, _, rest = answer.partition(" ")
        if what == "prepared":
            self.check_tensor()
            return what, ""
        self.assertEqual(what, "not_analysed", answer)
        code, _, message = rest.partition(" ")
        self.assertIn(code, self.codes)
        self.assertRegex(message, r"^The \w+ .{8,}\.$")
        return code, message

    def check_tensor(self):
        values = array.array("f", self.tensor.read_bytes())
        self.assertEqual(len(values), INPUT_ROWS * INPUT_COLUMNS)
        rounding = 1e-6
        self.assertTrue(all(-rounding <= value <= 1 + rounding for value in values))  # not of what is no number
        self.assertGreater(max(values), min(values))

    def expect(self, code, words, cases, intensity="minmax"):
        """Of each file, bytes or what writes it: this code, and a message with these words."""
        for name, content in cases.items():
            with self.subTest(name):
                if callable(content):
                    content(self.image)
                else:
                    self.image.write_bytes(content)
                got, message = self.judge(self.image, name, intensity)
                self.assertEqual(got, code, message)
                self.assertIn(words, message)
                self.image.unlink()

    def refused(self, words, cases):
        self.expect("undecodable", words, cases)

    def prepared(self, cases, intensity="minmax"):
        self.expect("prepared", "", cases, intensity)


def palettes(descriptor, entries):
    """`entries` words; none: without data."""
    elements = {}
    for colour in ("Red", "Green", "Blue"):
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = descriptor
        if entries is not None:
            elements[f"{colour}PaletteColorLookupTableData"] = struct.pack(
                f"<{entries}H", *[i * 16 % 65536 for i in range(entries)])
    return elements
