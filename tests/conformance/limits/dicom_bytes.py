"""Radiographs as bytes (PS3.5 7.1, PS3.10 7.1), written without a library: none writes what is wrong on purpose."""

import array
import struct

from pydicom.datadict import dictionary_VR, tag_for_keyword

IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99",
                                            "1.2.840.10008.1.2.2")
RLE, BASELINE, EXTENDED = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
LOSSLESS, LOSSLESS_SV1 = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_LS_NEAR = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS, JPEG_2000 = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"

UNDEFINED = 0xFFFFFFFF
LONG_VRS = ("OB", "OD", "OF", "OL", "OW", "SQ", "UC", "UN", "UR", "UT")
NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}

ROWS, COLUMNS = 48, 40
GREY = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "SOPInstanceUID": "1.2.3.4", "Modality": "DX",
    "BodyPartExamined": "CHEST", "ViewPosition": "PA", "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2", "Rows": ROWS, "Columns": COLUMNS, "BitsAllocated": 16,
    "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
    "PixelData": array.array("H", [i * 3 % 4096 for i in range(ROWS * COLUMNS)]).tobytes(),
}
BYTES = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
COLOUR = {**BYTES, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}


class Raw(bytes):
    """Elements, items or a whole value as they are to stand in the file."""


def element(tag, vr, value, length=None, big_endian=False):
    """In Explicit VR; `length` where the header is to claim another one than the value has."""
    order = ">" if big_endian else "<"
    length = len(value) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    head += struct.pack(order + "HI", 0, length) if vr in LONG_VRS else struct.pack(order + "H", length)
    return head + value


def implicit(tag, value, length=None):
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def encoded(value, vr):
    if isinstance(value, bytes):
        return bytes(value) + b"\0" * (len(value) % 2)
    if vr in NUMBERS:
        values = value if isinstance(value, (list, tuple)) else [value]
        return struct.pack(f"<{len(values)}{NUMBERS[vr]}", *values)
    text = str(value).encode()
    return text + b" " * (len(text) % 2)


def written(keyword, value):
    if isinstance(value, Raw):
        return bytes(value)
    tag, vr = tag_for_keyword(keyword), dictionary_VR(tag_for_keyword(keyword))
    if isinstance(value, dict):
        return sequence(tag, [data_set(value)])
    vr = {"US or SS": "US", "OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW"}.get(vr, vr)
    return element(tag, vr, encoded(value, vr))


def data_set(values):
    """Elements in their order; those whose value is None are left out."""
    present = [(keyword, value) for keyword, value in values.items() if value is not None]
    return b"".join(written(keyword, value) for keyword, value in sorted(present, key=lambda e: tag_for_keyword(e[0])))


def item(content, undefined=False):
    if undefined:
        return struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + content + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


SEQUENCE_END = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def sequence(tag, items, undefined=False):
    content = b"".join(item(one, undefined) for one in items)
    return element(tag, "SQ", content + SEQUENCE_END, UNDEFINED) if undefined else element(tag, "SQ", content)


def fragments(*contents, offsets=b"", end=SEQUENCE_END):
    """Encapsulated Pixel Data (PS3.5 A.4)."""
    items = b"".join(item(one + b"\0" * (len(one) % 2)) for one in contents)
    return Raw(element(0x7FE00010, "OB", item(offsets) + items + end, UNDEFINED))


def file_meta_information(syntax, group_length=None):
    elements = element(0x00020001, "OB", b"\0\1") + b"".join(
        element(tag, "UI", uid.encode() + b"\0" * (len(uid) % 2))
        for tag, uid in ((0x00020002, GREY["SOPClassUID"]), (0x00020003, "1.2.3.4"), (0x00020010, syntax)))
    length = len(elements) if group_length is None else group_length
    return b"\0" * 128 + b"DICM" + element(0x00020000, "UL", struct.pack("<I", length)) + elements


def radiograph(syntax=EXPLICIT, **changes):
    """The whole file: a small radiograph of the chest, with these elements changed."""
    return file_meta_information(syntax) + data_set({**GREY, **changes})
