"""Whatever a file says: a named reason within 2 s of CPU time and 512 MiB of memory, or a tensor of numbers.

Every file of pydicom's test data, and one made here for each way in which a file can lie or be too large, goes through
the decoder's own code in a process of its own. Reasons are those that docs/pixels.md lists."""

import array
import functools
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tests" / "conformance" / "pixels"))
try:
    import pydicom
    from compare_pixels import DAMAGED, WITHOUT_REFERENCE, expected_refusal
    from pydicom._dicom_dict import DicomDictionary
    from pydicom.datadict import dictionary_VR, tag_for_keyword
except (ImportError, SystemExit) as missing:
    raise unittest.SkipTest("install python3-pydicom, python3-pil and python3-numpy") from missing

import bit_streams  # noqa: E402
from dicom_bytes import (BASELINE, BIG_ENDIAN, BYTES, COLOUR, COLUMNS, DEFLATED, EXPLICIT, EXTENDED, GREY,  # noqa: E402
                         IMPLICIT, JPEG_2000, JPEG_2000_LOSSLESS, JPEG_LS, JPEG_LS_NEAR, LOSSLESS, LOSSLESS_SV1, RLE,
                         ROWS, SEQUENCE_END, UNDEFINED, Raw, data_set, element, encoded, file_meta_information,
                         fragments, implicit, item, radiograph, sequence, written)

TOOL = pathlib.Path(os.environ["HILUM_BIN"]) / "prepare_tensors"
TEST_DATA = pathlib.Path(pydicom.__file__).parent / "data"
LONGEST, LARGEST = 2.0, 512 * 1024  # seconds, KiB
INPUT_ROWS, INPUT_COLUMNS = 64, 48
SIXTEEN = {"BitsStored": 16, "HighBit": 15}
MOST_SIDE = 7071          # of a square frame with as many pixels as are decoded
MOST_COLOUR_SIDE = 4082
MIB = 1 << 20

# Beyond those of the pixel test, which looks at test_files alone.
DAMAGED_ELSEWHERE = {"winter.dcm": "its SOP Instance UID comes twice"}

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


class TestDataTest(LimitsTest):
    def test_every_file_of_pydicom_is_read_or_refused_as_its_header_or_our_list_of_damages_says(self):
        seen, damaged = set(), {**DAMAGED, **DAMAGED_ELSEWHERE}
        for path in sorted(TEST_DATA.rglob("*")):
            if not path.is_file() or not (path.suffix == ".dcm" or "dicomdirtests" in path.parts) or \
                    path.name.startswith("README"):
                continue
            with self.subTest(str(path.relative_to(TEST_DATA))):
                seen.add(path.name)
                if path.name in damaged or path.name.startswith("DICOMDIR"):  # elements of a directory, no object
                    expected = "undecodable"
                else:
                    expected = expected_refusal(path, pydicom.dcmread(path, force=True)) or "prepared"
                self.assertEqual(self.judge(path, path.name)[0], expected)
        self.assertGreater(len(seen), 60)
        self.assertEqual((set(damaged) | set(WITHOUT_REFERENCE)) - seen, set(), "no longer there")


class FileTest(LimitsTest):
    def test_what_is_no_dicom_file_is_told(self):
        self.refused("DICOM", {"empty": b"", "one byte": b"D", "zeros": bytes(200), "text": b"GET / HTTP/1.1\r\n" * 40,
                               "PNG": b"\x89PNG\r\n\x1a\n" + bytes(300)})
        self.refused("does not name its transfer syntax", {"only the preamble": bytes(128) + b"DICM"})

    def test_a_file_that_is_cut_off_anywhere_is_told(self):
        frame = bit_streams.jpeg_lossless(ROWS, COLUMNS)
        deflated = zlib.compressobj(9, zlib.DEFLATED, -15)
        whole = {
            "explicit": radiograph(),
            "compressed": radiograph(LOSSLESS_SV1, **SIXTEEN, PixelData=fragments(frame)),
            "deflated": (file_meta_information(DEFLATED) + deflated.compress(data_set(GREY)) + deflated.flush()),
        }
        for kind, content in whole.items():
            for length in sorted({*range(130, 460, 11), *range(460, len(content) - 1, len(content) // 25)}):
                with self.subTest(f"{kind}, {length} bytes"):
                    if length >= len(content):
                        continue
                    self.image.write_bytes(content[:length])
                    # Between two elements it is an object without pixels.
                    code, _ = self.judge(self.image, f"{kind}, {length} bytes")
                    self.assertIn(code, ("undecodable", "sop_class"))

    def test_a_length_that_lies_is_told(self):
        ends = "the data set ends within an element"
        pixels = GREY["PixelData"]
        self.refused(ends, {f"{length} bytes of pixels": radiograph(
            PixelData=Raw(element(0x7FE00010, "OW", pixels, length)))
            for length in (len(pixels) + 2, 0x7FFFFFFE, 0xFFFFFFFE)})
        self.refused(ends, {"text": radiograph(PatientName=Raw(element(0x00100010, "PN", b"A", 0xFFFE)))})
        self.refused("item", {
            "sequence without end": radiograph(Modality=Raw(
                written("Modality", "DX") + element(0x00091001, "SQ", item(b""), UNDEFINED))),
            "item longer than its sequence": radiograph(Modality=Raw(
                written("Modality", "DX") + element(0x00091001, "SQ", struct.pack("<HHI", 0xFFFE, 0xE000, 5000)))),
            "item of text": radiograph(Modality=Raw(
                written("Modality", "DX") + element(0x00091001, "SQ", b"not an item ")))})
        self.refused("", {f"group length {length}": file_meta_information(EXPLICIT, length) + data_set(GREY)
                          for length in (0, 1, 0xFFFFFFFF)})
        self.prepared({"group length of the image": radiograph(
            Rows=Raw(element(0x00280000, "UL", struct.pack("<I", 99999999)) + written("Rows", ROWS)))})

    def test_a_transfer_syntax_that_is_not_that_of_the_pixels_is_told(self):
        frame = bit_streams.jpeg_lossless(ROWS, COLUMNS)
        self.refused("", {
            "compressed, said to be plain": radiograph(EXPLICIT, **SIXTEEN, PixelData=fragments(frame)),
            "explicit, said to be implicit": file_meta_information(IMPLICIT) + data_set(GREY),
            "explicit, said to be big endian": file_meta_information(BIG_ENDIAN) + data_set(GREY),
            "explicit, said to be deflated": file_meta_information(DEFLATED) + data_set(GREY)})
        self.prepared({f"plain, said to be compressed, {syntax}": radiograph(syntax)
                       for syntax in (RLE, LOSSLESS_SV1, JPEG_LS, JPEG_2000)})
        for syntax in ("1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.1.98", "1.2.3.4"):
            self.expect("transfer_syntax", f"({syntax})", {syntax: radiograph(syntax)})

    def test_what_trails_costs_nothing_and_is_never_parsed(self):
        whole, words = radiograph(), b"\x23\x01\x25\x01\x26\x01\x27\x01" * 1000
        nested = (element(0x00091001, "SQ", b"", UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)) * 100_000
        self.prepared({"zeros": whole + bytes(512), "megabytes of zeros": whole + bytes(64 * MIB), "pixels": whole + words,
                       "one byte": whole + b"\n", "nesting behind pixels": whole + words + nested,
                       "a second file": whole + radiograph(PatientName="OTHER")})
        self.refused("nested too deeply", {"nesting": whole + nested})
        self.refused("comes twice", {"another instance": whole + element(0x00080018, "UI", b"1.2.3.5\0")})

    def test_more_elements_than_a_parser_can_hold_are_told(self):
        reference, number = 0x00081140, element(0x7FE11010, "US", b"\1\0")
        several = {f"{name}": file_meta_information(EXPLICIT) + content for name, content in {
            "items": element(reference, "SQ", item(b"") * 3_000_000) + data_set({**GREY, "SOPClassUID": None,
                                                                                 "SOPInstanceUID": None}),
            "elements": data_set(GREY) + number * 3_000_000}.items()}
        self.expect("too_large", "too many elements", several)
        self.prepared({"as many as are read": radiograph() + b"".join(
            element(0x7FE30000 + i, "US", b"\1\0") for i in range(400_000))})

    def test_sequences_that_are_nested_too_deeply_are_told(self):
        def nested(depth, undefined):
            return functools.reduce(lambda inner, _: sequence(0x00091001, [inner], undefined), range(depth), b"")

        def file(depth, undefined):
            return radiograph(Modality=Raw(written("Modality", "DX") + nested(depth, undefined)))

        for undefined in (False, True):
            self.refused("nested too deeply", {f"{depth}, {undefined}": file(depth, undefined)
                                               for depth in (100, 1_500)})
            self.prepared({f"60, {undefined}": file(60, undefined)})
        self.refused("nested too deeply", {"100,000": file_meta_information(EXPLICIT) + (
            element(0x00091001, "SQ", b"", UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)) * 100_000})

    def test_private_elements_and_unknown_character_sets_do_no_harm(self):
        def beside_modality(content):
            return radiograph(Modality=Raw(written("Modality", "DX") + content))

        creator = element(0x00090010, "LO", b"A MAKER ")
        inner = sequence(0x00091002, [element(0x00091003, "LO", b"ab")], True)
        self.prepared({
            "sequence": beside_modality(creator + sequence(0x00091001, [inner])),
            "sequence without creator": beside_modality(sequence(0x00091001, [inner], True)),
            "unknown of undefined length": beside_modality(creator + element(
                0x00091001, "UN", item(implicit(0x00091002, b"ab"), True) + SEQUENCE_END, UNDEFINED))})
        self.refused("", {"a VR that there is not": beside_modality(element(0x00091001, "ZZ", b"ab"))})
        self.prepared({f"character set {name}": radiograph(
            SpecificCharacterSet=name, StudyDescription=b"\xff\xfe\x1b$B\x80zz", PatientName=b"\x1b$)C\xff^\x80")
            for name in ("ISO_IR 999", "\\ISO 2022 IR 87", "GB18030", "rubbish", "ISO_IR 192\\ISO_IR 100", "\\\\\\\\")})

    def test_unknown_elements_among_very_many_cost_little(self):
        """Each that the dictionary knows is looked up and put in place anew."""
        known = [tag for tag in sorted(DicomDictionary) if 0x00180000 <= tag < 0x00190000 and
                 DicomDictionary[tag][0] in ("DS", "SH", "LO", "IS")]
        private = b"".join(element(group << 16 | number, "LO", b"") for group in range(9, 23, 2)
                           for number in range(0x1000, 0xFFFF))
        self.assertGreater(len(known), 100)
        unknown = b"".join(element(tag, "UN", b"XY") for tag in known)
        self.prepared({"unknown": self.written_among(private + unknown)})

    def written_among(self, elements):
        """A radiograph with more elements, in the order of their tags."""
        whole = radiograph()
        at = whole.index(struct.pack("<HH", 0x0028, 0x0002))
        return whole[:at] + elements + whole[at:]

    def test_values_longer_than_any_of_their_kind_are_not_read(self):
        """In implicit VR a number may be said to have gigabytes."""
        def file(keyword):
            def write(path):
                head, tail = b"", b""
                for key in sorted({*GREY, keyword}, key=tag_for_keyword):
                    tag = tag_for_keyword(key)
                    if key == keyword:
                        head, tail = tail + struct.pack("<HHI", tag >> 16, tag & 0xFFFF, 400 * MIB), b""
                    else:
                        tail += implicit(tag, encoded(GREY[key], dictionary_VR(tag).split()[0]))
                with path.open("wb") as out:
                    out.write(file_meta_information(IMPLICIT) + head)
                    for _ in range(400):
                        out.write((b"\1\0" if keyword in ("Rows", "BitsAllocated") else b"1\\") * (MIB // 2))
                    out.write(tail)
            return write

        self.prepared({keyword: file(keyword) for keyword in ("ImageType", "WindowCenter", "PatientOrientation")})
        self.refused("its size or its bit depth", {key: file(key) for key in ("NumberOfFrames", "BitsAllocated")})
        self.expect("sop_class", "", {"Rows": file("Rows")})
        self.prepared({"many values": radiograph(WindowCenter="1\\" * 20_000 + "1", WindowWidth="100"),
                       "many digits": radiograph(WindowCenter="9" * 65_000, WindowWidth="100")})


class ImageDescriptionTest(LimitsTest):
    def test_sizes_beyond_the_limit_are_told(self):
        self.expect("too_large", "more than may be decoded", {
            f"{rows} x {columns}": radiograph(Rows=rows, Columns=columns)
            for rows, columns in ((65535, 65535), (MOST_SIDE + 1, MOST_SIDE + 1), (65535, 763))})
        self.expect("too_large", "more than may be decoded", {
            "colour": radiograph(**{**COLOUR, "Rows": MOST_COLOUR_SIDE + 1, "Columns": MOST_COLOUR_SIDE + 1})})

    def test_sizes_that_the_pixels_do_not_have_are_told(self):
        self.expect("sop_class", "not an image", {"no rows": radiograph(Rows=0), "no columns": radiograph(Columns=0),
                                                  "rows are missing": radiograph(Rows=None)})
        self.refused("less pixel data than its header says", {
            f"{rows} x {columns}": radiograph(Rows=rows, Columns=columns)
            for rows, columns in ((65535, 1), (1, 65535), (ROWS + 1, COLUMNS), (ROWS, COLUMNS + 1))})
        self.refused("less pixel data than its header says", {
            "one byte": radiograph(PixelData=GREY["PixelData"][:-2]), "none": radiograph(PixelData=b""),
            "a colour image": radiograph(**COLOUR)})
        self.prepared({"fewer rows": radiograph(Rows=ROWS - 1), "one row": radiograph(Rows=1, Columns=COLUMNS * ROWS)})

    def test_numbers_of_frames_that_are_none_are_told(self):
        self.refused("it has no pixels", {"-1": radiograph(NumberOfFrames="-1")})
        self.prepared({f"{frames} frames": radiograph(NumberOfFrames=frames) for frames in ("0", "-0", "")})
        self.refused("its size or its bit depth", {
            frames: radiograph(NumberOfFrames=frames) for frames in ("abc", "1.5", "1A", "NaN", "1e400", "9" * 60_000)})
        self.expect("too_large", "frames", {
            frames: radiograph(NumberOfFrames=frames)
            for frames in ("20001", "2147483647", "4294967297", "99999999999")})

    def test_bits_and_samples_that_are_not_read_are_told(self):
        self.expect("bit_depth", "of", {f"{bits} bits": radiograph(
            BitsAllocated=bits, BitsStored=bits, HighBit=max(bits, 1) - 1) for bits in (0, 1, 12, 24, 32, 64, 65535)})
        self.expect("bit_depth", "of", {"more stored than allocated": radiograph(BitsStored=17),
                                        "high bit beyond": radiograph(HighBit=16),
                                        "high bit below": radiograph(HighBit=3)})
        self.expect("photometric_interpretation", "samples a pixel", {
            **{f"{samples} samples": radiograph(SamplesPerPixel=samples) for samples in (0, 2, 3, 4, 65535)},
            "one of RGB": radiograph(**{**COLOUR, "SamplesPerPixel": 1}),
            "HSV": radiograph(**{**COLOUR, "PhotometricInterpretation": "HSV"}),
            "none": radiograph(PhotometricInterpretation=None)})

    def test_pixel_data_of_another_kind_is_told(self):
        pixels = ROWS * COLUMNS
        self.expect("sop_class", "not an image", {
            "none": radiograph(PixelData=None),
            "float": radiograph(PixelData=None, FloatPixelData=Raw(element(0x7FE00008, "OF", bytes(4 * pixels)))),
            "double": radiograph(PixelData=None, DoubleFloatPixelData=Raw(
                element(0x7FE00009, "OD", bytes(8 * pixels))))})
        self.refused("of the wrong kind", {vr: radiograph(PixelData=Raw(element(0x7FE00010, vr, content)))
                                           for vr, content in (("OF", bytes(4 * pixels)), ("SQ", item(b"")),
                                                               ("US", bytes(400)), ("LO", b"a" * 400))})
        # What went through an archive that knew no Pixel Data.
        self.prepared({"UN": radiograph(PixelData=Raw(element(0x7FE00010, "UN", GREY["PixelData"])))})

    def test_pixel_data_beyond_what_may_be_decoded_is_told_and_other_surplus_ignored(self):
        def longer(length):
            def write(path):
                content = radiograph(PixelData=Raw(element(0x7FE00010, "OW", GREY["PixelData"], length)))
                path.write_bytes(content)
                os.truncate(path, len(content) - len(GREY["PixelData"]) + length)  # sparse
            return write

        self.expect("too_large", "more pixel data than may be decoded", {
            f"{size >> 20} MiB": longer(size) for size in (500 * MIB, 2048 * MIB, 0xFFFFFFFE)})
        self.prepared({"2 bytes": longer(len(GREY["PixelData"]) + 2), "380 MiB": longer(380 * MIB)})

    def test_images_of_the_largest_size_are_within_the_limits(self):
        def zeros(rows, columns, bytes_of_pixel, **changes):
            def write(path):
                head = radiograph(**{**SIXTEEN, **changes}, Rows=rows, Columns=columns, PixelData=Raw(
                    element(0x7FE00010, "OW", b"", rows * columns * bytes_of_pixel)))
                path.write_bytes(head)
                os.truncate(path, len(head) + rows * columns * bytes_of_pixel)
            return write

        palette = palettes([4096, 0, 16], 4096)
        self.expect("blank", "", {
            "grey": zeros(MOST_SIDE, MOST_SIDE, 2),
            "colour": zeros(MOST_COLOUR_SIDE, MOST_COLOUR_SIDE, 6, **{**COLOUR, **SIXTEEN, "BitsAllocated": 16}),
            "palette": zeros(MOST_COLOUR_SIDE, MOST_COLOUR_SIDE, 2, PhotometricInterpretation="PALETTE COLOR",
                             **palette)})


def table(descriptor, entries, vr="OW"):
    return {"LUTDescriptor": descriptor, "LUTData": Raw(element(
        0x00283006, vr, struct.pack(f"<{entries}H", *[min(i, 65535) for i in range(entries)])))}


def palettes(descriptor, entries):
    """`entries` words; none: without data."""
    elements = {}
    for colour in ("Red", "Green", "Blue"):
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = descriptor
        if entries is not None:
            elements[f"{colour}PaletteColorLookupTableData"] = struct.pack(
                f"<{entries}H", *[i * 16 % 65536 for i in range(entries)])
    return elements


class GrayscaleTest(LimitsTest):
    SEQUENCES = {"ModalityLUTSequence": 0x00283000, "VOILUTSequence": 0x00283010}

    def unusable(self, keyword):
        tables = {f"{keyword} {descriptor} {entries}": radiograph(**{keyword: table(descriptor, entries)})
                  for descriptor, entries in (
                      ([4096, 0, 12], 10), ([4096, 0, 12], 4094), ([4096, 0, 12], 4098), ([0, 0, 16], 1),
                      ([4096, 0], 4096), ([], 4096), ([256, 0, 8], 127), ([256, 0, 8], 4 * 65536))}
        tables[f"{keyword} without descriptor"] = radiograph(**{keyword: {"LUTData": Raw(
            element(0x00283006, "OW", bytes(8192)))}})
        return tables

    def absent(self, keyword):
        return {f"{keyword} empty item": radiograph(**{keyword: {}}),
                f"{keyword} without entries": radiograph(**{keyword: table([4096, 0, 12], 0)}),
                f"{keyword} without data": radiograph(**{keyword: {"LUTDescriptor": [4096, 0, 12]}})}

    def test_modality_lookup_tables_that_lie_are_told(self):
        self.refused("its Modality LUT cannot be used: it", self.unusable("ModalityLUTSequence"))

    def test_voi_lookup_tables_that_lie_refuse_nothing(self):
        for intensity in ("minmax", "window"):
            self.prepared(self.unusable("VOILUTSequence"), intensity)

    def test_lookup_tables_of_nothing_count_as_none(self):
        for keyword in self.SEQUENCES:
            self.prepared(self.absent(keyword), "window")

    def test_lookup_tables_that_are_unusual_are_read(self):
        for keyword, tag in self.SEQUENCES.items():
            self.prepared({
                f"{keyword} of 65536 entries, told as 0": radiograph(**{keyword: table([0, 0, 16], 65536)}),
                f"{keyword} that lacks an entry": radiograph(**{keyword: table([0, 0, 16], 65535)}),
                **{f"{keyword} of {bits} bits": radiograph(**{keyword: table([4096, 0, bits], 4096)})
                   for bits in (0, 17, 65535)},
                f"{keyword} of bytes in words": radiograph(**{keyword: table([8192, 0, 8], 4096)}),
                f"{keyword} empty": radiograph(**{keyword: Raw(element(tag, "SQ", b""))})}, "window")

    def test_tables_and_windows_beside_the_values_make_a_blank_image(self):
        beside = "its lookup table or window shows nothing of it"
        self.expect("blank", beside, {keyword: radiograph(**{keyword: table([4096, 60000, 12], 4096)})
                                      for keyword in self.SEQUENCES}, "window")
        self.expect("blank", beside, {
            f"window {center}": radiograph(WindowCenter=center, WindowWidth="100")
            for center in ("1e308", "-1e308", "99999")}, "window")
        self.expect("blank", beside, {
            f"width {width} {function}": radiograph(WindowCenter="2000", WindowWidth=width, VOILUTFunction=function)
            for width in ("1e308",) for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")}, "window")

    def test_windows_that_are_none_count_as_none(self):
        self.prepared({f"{width} {function}": radiograph(
            WindowCenter="2000", WindowWidth=width, VOILUTFunction=function)
                       for width in ("0", "-1", "NaN", "inf", "1e400", "abc", "", "-1e308")
                       for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")}, "window")
        self.prepared({f"center {center}": radiograph(WindowCenter=center, WindowWidth="100")
                       for center in ("NaN", "inf", "abc", "")}, "window")
        self.prepared({f"{width} {function}": radiograph(
            WindowCenter="2000", WindowWidth=width, VOILUTFunction=function)
                       for width in ("1e-300", "4.9e-324") for function in ("LINEAR_EXACT", "SIGMOID", "NONE")},
                      "window")

    def test_rescales_that_are_no_numbers_are_told(self):
        self.refused("rescale", {f"slope {slope}": radiograph(RescaleSlope=slope, RescaleIntercept="0")
                                 for slope in ("NaN", "inf", "abc", "1,2,3", "1e308", "-1e308", "1e400")})
        self.refused("rescale", {f"intercept {intercept}": radiograph(RescaleSlope="1", RescaleIntercept=intercept)
                                 for intercept in ("NaN", "abc", "1e308")})
        self.prepared({f"slope {slope}": radiograph(RescaleSlope=slope, RescaleIntercept="-1e30")
                       for slope in ("1e30", "-1e30")})
        self.prepared({f"slope {slope}": radiograph(RescaleSlope=slope, RescaleIntercept="-5")
                       for slope in ("0", "0,5")})
        self.prepared({"empty": radiograph(RescaleSlope="", RescaleIntercept="")})

    def test_palettes_that_lie_are_told(self):
        self.refused("a lookup table is damaged", {f"{descriptor} {entries}": radiograph(
            PhotometricInterpretation="PALETTE COLOR", **palettes(descriptor, entries)) for descriptor, entries in (
                ([4096, 0, 16], 10), ([4096, 0, 16], None), ([4096, 0, 16], 0), ([0, 0, 16], 1), ([0, 0, 16], 65535),
                ([4096, 0, 0], 4096), ([4096, 0, 17], 4096), ([4096, 0, 8], 100), ([4096], 4096), ([], 4096))})
        self.refused("a lookup table is damaged", {"none": radiograph(PhotometricInterpretation="PALETTE COLOR")})
        self.expect("blank", "", {"beside the values": radiograph(
            PhotometricInterpretation="PALETTE COLOR", **palettes([4096, 60000, 16], 4096))})
        self.prepared({"whole": radiograph(PhotometricInterpretation="PALETTE COLOR", **palettes([4096, 0, 16], 4096))})

    def test_shapes_of_pixels_that_none_has_count_as_square(self):
        ratios = ("0\\1", "1\\0", "-1\\1", "1\\1000000", "1000000\\1", "1e308\\1", "NaN\\1", "1e-300\\1e300", "1",
                  "abc\\1", "1\\2\\3", "", "10\\1", "1\\10")
        self.prepared({f"ratio {ratio}": radiograph(PixelAspectRatio=ratio) for ratio in ratios})
        self.prepared({f"spacing {ratio}": radiograph(PixelSpacing=ratio) for ratio in ratios})
        ramp = GREY["PixelData"] * (65535 // (ROWS * COLUMNS) + 1)
        self.prepared({f"{rows} x {columns} {ratio}": radiograph(
            Rows=rows, Columns=columns, PixelAspectRatio=ratio, PixelData=ramp)
            for rows, columns in ((65535, 1), (1, 65535)) for ratio in ("1\\10", "10\\1")})


class FragmentTest(LimitsTest):
    FRAMES = {
        RLE: bit_streams.rle(ROWS * COLUMNS, 2), LOSSLESS_SV1: bit_streams.jpeg_lossless(ROWS, COLUMNS),
        JPEG_LS: bit_streams.jpeg_ls(ROWS, COLUMNS), JPEG_2000: bit_streams.jpeg2000(ROWS, COLUMNS),
    }

    def file(self, syntax, pixel_data, **changes):
        return radiograph(syntax, **{**SIXTEEN, **changes}, PixelData=pixel_data)

    def test_no_fragments_are_told(self):
        self.refused("its compressed data", {syntax: self.file(syntax, fragments()) for syntax in self.FRAMES})
        self.refused("its compressed data", {syntax: self.file(syntax, fragments(b"")) for syntax in self.FRAMES})

    def test_hundreds_of_thousands_of_fragments_are_told(self):
        surplus = item(b"")
        for count, words in ((20_000, "more fragments"), (400_000, "more fragments"), (2_000_000, "too many elements")):
            self.expect("too_large", words, {
                f"{count} {syntax}": self.file(syntax, fragments(frame, end=surplus * count + SEQUENCE_END))
                for syntax, frame in self.FRAMES.items()})
        self.expect("blank", "", {syntax: self.file(syntax, fragments(frame, end=surplus * 15_000 + SEQUENCE_END))
                                  for syntax, frame in self.FRAMES.items() if syntax != RLE})

    def test_fragments_without_end_are_told(self):
        self.expect("blank", "", {  # they are whole
            f"{syntax} {end[:4]}": self.file(syntax, fragments(frame, end=end)) for syntax, frame in self.FRAMES.items()
            for end in (b"", b"\0" * 8, b"\xfe\xff\xdd\xe0" + b"\xff" * 4, b"\xfe\xff\xdd\xe0", b"garbage")})
        self.refused("the data set ends within an element", {syntax: self.file(syntax, fragments(
            frame, end=struct.pack("<HHI", 0xFFFE, 0xE000, 0x7FFFFFFE))) for syntax, frame in self.FRAMES.items()})
        self.refused("a fragment of undefined length", {syntax: self.file(syntax, fragments(
            frame, end=struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED))) for syntax, frame in self.FRAMES.items()})

    def test_an_offset_table_that_lies_does_no_harm(self):
        for offsets in (b"\xff" * 4, struct.pack("<I", 8), bytes(40_000), struct.pack("<2I", 0, 7)):
            self.expect("blank", "", {f"{syntax} {offsets[:8]}": self.file(syntax, fragments(frame, offsets=offsets))
                                      for syntax, frame in self.FRAMES.items()})

    def test_compressed_data_beyond_what_may_be_decoded_is_told(self):
        def sparse(syntax, frame, size):
            def write(path):
                content = self.file(syntax, fragments(frame, end=b""))
                path.write_bytes(content + struct.pack("<HHI", 0xFFFE, 0xE000, size))
                os.truncate(path, len(content) + 8 + size)
                with path.open("ab") as file:
                    file.write(SEQUENCE_END)
            return write

        self.expect("too_large", "more pixel data than may be decoded", {
            f"{size} {syntax}": sparse(syntax, frame, size)
            for syntax, frame in self.FRAMES.items() for size in (210_000_000, 0x7FFFFFFE)})


class BombTest(LimitsTest):
    """Small files that unpack to as much as is decoded, or claim to."""

    def file(self, syntax, frame, side=MOST_SIDE, **changes):
        return radiograph(syntax, **{**SIXTEEN, **changes}, Rows=side, Columns=side, PixelData=fragments(frame))

    def test_images_of_one_value_are_blank_in_every_transfer_syntax(self):
        side, colour = MOST_SIDE, MOST_COLOUR_SIDE
        wide = {**COLOUR, **SIXTEEN, "BitsAllocated": 16}
        self.expect("blank", "", {
            "RLE": self.file(RLE, bit_streams.rle(side * side, 2)),
            "JPEG baseline": self.file(BASELINE, bit_streams.jpeg_blocks(side, side), **BYTES),
            "JPEG extended": self.file(EXTENDED, bit_streams.jpeg_blocks(side, side, 12), BitsStored=12, HighBit=11),
            "JPEG lossless": self.file(LOSSLESS, bit_streams.jpeg_lossless(side, side, predictor=4)),
            "JPEG lossless, first order": self.file(LOSSLESS_SV1, bit_streams.jpeg_lossless(side, side)),
            "JPEG-LS": self.file(JPEG_LS, bit_streams.jpeg_ls(side, side)),
            "JPEG-LS near-lossless": self.file(JPEG_LS_NEAR, bit_streams.jpeg_ls(side, side, near=2)),
            "JPEG 2000 lossless": self.file(JPEG_2000_LOSSLESS, bit_streams.jpeg2000(side, side)),
            "JPEG 2000": self.file(JPEG_2000, bit_streams.jpeg2000(side, side)),
            "RLE, colour": self.file(RLE, bit_streams.rle(colour * colour, 6), colour, **wide),
            "JPEG, colour": self.file(BASELINE, bit_streams.jpeg_blocks(colour, colour, 8, 3), colour, **COLOUR),
            "JPEG, luminance": self.file(BASELINE, bit_streams.jpeg_blocks(colour, colour, 8, 3), colour, **{
                **COLOUR, "PhotometricInterpretation": "YBR_FULL"}),
            "JPEG 2000, colour": self.file(JPEG_2000, bit_streams.jpeg2000(colour, colour, 3, 8), colour, **COLOUR),
            "RLE, palette": self.file(RLE, bit_streams.rle(colour * colour, 2), colour, **{
                "PhotometricInterpretation": "PALETTE COLOR", **palettes([4096, 0, 16], 4096)})})

    def test_several_frames_of_the_largest_size_are_within_the_limits(self):
        side = MOST_SIDE
        frames = {RLE: bit_streams.rle(side * side, 2), LOSSLESS_SV1: bit_streams.jpeg_lossless(side, side),
                  JPEG_LS: bit_streams.jpeg_ls(side, side), JPEG_2000: bit_streams.jpeg2000(side, side)}
        self.expect("blank", "", {syntax: radiograph(syntax, **SIXTEEN, NumberOfFrames=3, Rows=side, Columns=side,
                                                     PixelData=fragments(*[frame] * 3))
                                  for syntax, frame in frames.items()})

    def test_a_frame_that_ends_early_is_never_filled_up(self):
        side = MOST_SIDE
        self.refused("its compressed data is damaged", {
            "RLE": self.file(RLE, bit_streams.rle(128, 2)),
            "JPEG baseline": self.file(BASELINE, bit_streams.jpeg_blocks(side, side, whole=False), **BYTES),
            "JPEG extended": self.file(EXTENDED, bit_streams.jpeg_blocks(side, side, 12, whole=False), BitsStored=12,
                                       HighBit=11),
            "JPEG lossless": self.file(LOSSLESS, bit_streams.jpeg_lossless(side, side, predictor=4, whole=False)),
            "JPEG lossless, first order": self.file(LOSSLESS_SV1, bit_streams.jpeg_lossless(side, side, whole=False)),
            "JPEG-LS": self.file(JPEG_LS, bit_streams.jpeg_ls(side, side, whole=False)),
            "JPEG-LS near-lossless": self.file(JPEG_LS_NEAR, bit_streams.jpeg_ls(side, side, near=2, whole=False)),
            "JPEG 2000": self.file(JPEG_2000, bit_streams.jpeg2000(side, side, parts=False))})

    def test_a_frame_of_another_size_than_the_header_says_is_told(self):
        self.refused("its compressed data", {
            name: self.file(syntax, frame, 100, **changes) for name, syntax, frame, changes in (
                ("RLE", RLE, bit_streams.rle(100 * 99 - 128, 2), {}),
                ("JPEG", BASELINE, bit_streams.jpeg_blocks(65535, 65535, whole=False), BYTES),
                ("JPEG of three components", BASELINE, bit_streams.jpeg_blocks(100, 100, 8, 3), BYTES),
                ("JPEG lossless", LOSSLESS_SV1, bit_streams.jpeg_lossless(65535, 65535, whole=False), {}),
                ("JPEG-LS", JPEG_LS, bit_streams.jpeg_ls(65535, 65535, whole=False), {}),
                ("JPEG 2000", JPEG_2000, bit_streams.jpeg2000(4000, 4000), {}),
                ("JPEG 2000, huge", JPEG_2000, bit_streams.jpeg2000(65535, 65535), {}))})

    def test_run_lengths_that_lie_are_told(self):
        header = functools.partial(struct.pack, "<16I")
        runs = b"\x81\0" * 100
        self.refused("damaged or cut off", {
            "no header": self.file(RLE, b"\2\0", 100),
            "no segments": self.file(RLE, header(0, *[0] * 15) + runs, 100),
            "sixteen segments": self.file(RLE, header(16, *[64] * 15) + runs, 100),
            "segments beyond the frame": self.file(RLE, header(2, 64, 0xFFFFFFF0, *[0] * 13) + runs, 100),
            "segments that overlap": self.file(RLE, header(2, 264, 64, *[0] * 13) + runs, 100),
            "a run without its byte": self.file(RLE, header(2, 64, 65, *[0] * 13) + b"\x81\x81", 100)})

    def test_jpeg_of_many_scans_is_told(self):
        """A decoder goes over the whole image for each of them."""
        side = MOST_COLOUR_SIDE
        tables = b"\xff\xd8" + bit_streams.segment(0xFFDB, b"\0" + b"\1" * 64)
        codes = bit_streams.huffman_table(0) + bit_streams.huffman_table(1)

        def scan(component, first, last):
            return bit_streams.segment(0xFFDA, bytes([1, component, 0, first, last, 0])) + b"\0\0"

        progressive = tables + bit_streams.jpeg_frame(0xFFC2, side, side, 8, 1) + codes + scan(1, 0, 0)
        colours = tables + bit_streams.jpeg_frame(0xFFC0, side, side, 8, 3) + codes
        self.expect("unsupported_compression", "progressive JPEG", {
            "progressive": self.file(BASELINE, progressive + scan(1, 1, 63) * 20_000 + b"\xff\xd9", side, **BYTES)})
        self.refused("more scans than components", {
            "sequential": self.file(BASELINE, colours + b"".join(scan(1 + i % 3, 0, 63) for i in range(20_000)) +
                                    b"\xff\xd9", side, **COLOUR)})

    def test_jpeg2000_that_costs_more_than_its_pixels_is_told(self):
        side, stream = MOST_SIDE, bit_streams.jpeg2000
        cases = {
            "tiles": ("too many tiles", stream(side, side, tile=(1, 1), parts=False)),
            "code-blocks": ("too many code-blocks", stream(side, side, blocks=(0, 0))),
            "precincts": ("too many code-blocks", stream(side, side, precincts=b"\x44" * 6)),
            "layers of precincts": ("too many packets", stream(side, side, precincts=b"\x66" * 6, layers=65535)),
            "resolutions": ("33 resolution levels", stream(side, side, levels=33)),
            "four components": ("4 components", stream(side, side, components=4)),
            "16384 components": ("its size segment", stream(side, side, siz_components=16384)),
            "38 bits": ("38 bits a sample", stream(side, side, precision=38)),
        }
        for name, (words, frame) in cases.items():
            self.refused(words, {name: self.file(JPEG_2000, frame)})
        self.expect("blank", "", {
            "as many tiles as are read": self.file(JPEG_2000, stream(side, side, tile=(79, 79))),
            "as many code-blocks as are read": self.file(JPEG_2000, stream(side, side, blocks=(2, 3))),
            "precincts by position": self.file(JPEG_2000, stream(side, side, precincts=b"\x55" * 6, progression=3)),
            "layers": self.file(JPEG_2000, stream(side, side, layers=60_000))})

    def test_deflated_bombs_are_told(self):
        def deflated(size, claimed):
            def write(path):
                packer = zlib.compressobj(9, zlib.DEFLATED, -15)
                zeros = bytes(MIB)
                with path.open("wb") as file:
                    file.write(file_meta_information(DEFLATED) + packer.compress(
                        data_set({**GREY, "PixelData": None}) + element(0x7FE00010, "OW", b"", claimed)))
                    for _ in range(size // MIB):
                        file.write(packer.compress(zeros))
                    file.write(packer.flush())
            return write

        def of_elements(path):
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            content = data_set(GREY) + element(0x7FE11010, "US", b"\1\0") * 3_000_000
            path.write_bytes(file_meta_information(DEFLATED) + packer.compress(content) + packer.flush())

        self.expect("too_large", "inflates to more than is allowed", {
            f"{size} MiB": deflated(size * MIB, size * MIB) for size in (257, 1000, 1100)})
        self.expect("too_large", "inflates to more than is allowed", {"4 GiB, claimed": deflated(MIB, 0xFFFFFFFE)})
        self.expect("too_large", "too many elements", {"elements": of_elements})
        self.expect("blank", "", {"as much as is inflated": deflated(250 * MIB, 250 * MIB)})
        self.refused("ends", {"cut off": deflated(64 * MIB, 65 * MIB)})


if __name__ == "__main__":
    unittest.main()
