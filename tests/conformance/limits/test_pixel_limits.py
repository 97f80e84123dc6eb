"""Whatever pixels, and what makes numbers of them, say: a named reason within the limits of test_limits.py, or a tensor."""

import functools
import os
import struct
import unittest
import zlib

import bit_streams
from dicom_bytes import (BASELINE, BYTES, COLOUR, COLUMNS, DEFLATED, EXTENDED, GREY, JPEG_2000, JPEG_2000_LOSSLESS,
                         JPEG_LS, JPEG_LS_NEAR, LOSSLESS, LOSSLESS_SV1, RLE, ROWS, SEQUENCE_END, UNDEFINED, Raw,
                         data_set, element, file_meta_information, fragments, item, radiograph)
from limits_case import (MIB, MOST_COLOUR_SIDE, MOST_SIDE, SIXTEEN, LimitsTest, palettes, setUpModule,  # noqa: F401
                         tearDownModule)


def table(descriptor, entries, vr="OW"):
    return {"LUTDescriptor": descriptor, "LUTData": Raw(element(
        0x00283006, vr, struct.pack(f"<{entries}H", *[min(i, 65535) for i in range(entries)])))}


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

    def test_a_modality_lookup_table_beside_the_values_makes_a_blank_image(self):
        for intensity in ("minmax", "window"):
            self.expect("blank", "its modality lookup table or palette shows nothing of it", {
                "beside": radiograph(ModalityLUTSequence=table([4096, 60000, 12], 4096))}, intensity)

    def test_voi_tables_and_windows_that_show_nothing_count_as_none(self):
        for intensity in ("minmax", "window"):
            self.prepared({"table": radiograph(VOILUTSequence=table([4096, 60000, 12], 4096)),
                           "many windows": radiograph(WindowCenter="99999" + "\\99999" * 30,
                                                      WindowWidth="100" + "\\100" * 30)}, intensity)
            self.prepared({f"window {center}": radiograph(WindowCenter=center, WindowWidth="100")
                           for center in ("1e308", "-1e308", "99999")}, intensity)
            self.prepared({f"width {width} {function}": radiograph(
                WindowCenter="2000", WindowWidth=width, VOILUTFunction=function)
                           for width in ("1e308",) for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")}, intensity)

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
