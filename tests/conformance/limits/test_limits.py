"""Whatever a file says: a named reason within 2 s of CPU time and 512 MiB of memory, or a tensor of numbers.

Every file of pydicom's test data, and one made here for each way in which a file can lie or be too large, goes through
the decoder's own code in a process of its own. Reasons are those that docs/pixels.md lists."""

import functools
import os
import pathlib
import struct
import sys
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
from dicom_bytes import (BIG_ENDIAN, BYTES, COLOUR, COLUMNS, DEFLATED, EXPLICIT, GREY, IMPLICIT,  # noqa: E402
                         JPEG_2000, JPEG_LS, LOSSLESS_SV1, RLE, ROWS, SEQUENCE_END, UNDEFINED, Raw, data_set, element,
                         encoded, file_meta_information, fragments, implicit, item, radiograph, sequence, written)
from limits_case import (MIB, MOST_COLOUR_SIDE, MOST_SIDE, SIXTEEN, LimitsTest, palettes, setUpModule,  # noqa: E402,F401
                         tearDownModule)

TEST_DATA = pathlib.Path(pydicom.__file__).parent / "data"
# Beyond those of the pixel test, which looks at test_files alone.
DAMAGED_ELSEWHERE = {"winter.dcm": "its SOP Instance UID comes twice"}


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

    def test_pixel_data_of_a_deeper_or_a_colour_image_is_told(self):
        image, padding = bytes(i % 200 for i in range(ROWS * COLUMNS)), bytes(ROWS * COLUMNS)

        def file(times, behind=image):
            return radiograph(**BYTES, PixelData=image + behind * (times - 1))

        self.refused("twice as long as its header says", {"words": file(2)})
        self.refused("three times as long as its header says", {"colours": file(3)})
        self.prepared({f"{times} frames": file(times) for times in (4, 5)})
        self.prepared({f"{times} with padding": file(times, padding) for times in (2, 3)})

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


if __name__ == "__main__":
    unittest.main()
