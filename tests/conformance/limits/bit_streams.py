"""Compressed frames of one value, which are as small as their transfer syntax allows, and such as lie about themselves.
Whatever their size, they are written from their standards without making an image first."""

import struct

# ---- RLE (PS3.5 annex G) ----

def rle(pixels, segments):
    """Zeros: 128 bytes in two."""
    segment = b"\x81\x00" * (pixels // 128 + 1)
    offsets = [64 + i * len(segment) for i in range(segments)]
    return struct.pack("<16I", segments, *offsets, *[0] * (15 - segments)) + segment * segments


# ---- JPEG (ISO/IEC 10918-1) ----

def segment(marker, content):
    return struct.pack(">HH", marker, len(content) + 2) + content


def jpeg_frame(marker, rows, columns, precision, components):
    parts = b"".join(bytes([i + 1, 0x11, 0]) for i in range(components))
    return segment(marker, struct.pack(">BHHB", precision, rows, columns, components) + parts)


def jpeg_scan(components, end):
    parts = b"".join(bytes([i + 1, 0]) for i in range(components))
    return segment(0xFFDA, bytes([components]) + parts + end)


def huffman_table(table_class):
    """One code, of one bit: no difference, or the end of a block."""
    return segment(0xFFC4, bytes([table_class << 4, 1] + [0] * 15 + [0]))


def jpeg_blocks(rows, columns, precision=8, components=1, whole=True):
    """Baseline (8 bits) or extended (12): two bits for each block of 8 x 8, DC and AC."""
    blocks = -(-rows // 8) * -(-columns // 8) * components
    return (b"\xff\xd8" + segment(0xFFDB, b"\0" + b"\1" * 64) +
            jpeg_frame(0xFFC0 if precision == 8 else 0xFFC1, rows, columns, precision, components) +
            huffman_table(0) + huffman_table(1) + jpeg_scan(components, b"\0\x3f\0") +
            b"\0" * (blocks * 2 // 8 + 1 if whole else 4) + b"\xff\xd9")


def jpeg_lossless(rows, columns, precision=16, predictor=1, whole=True):
    """One bit a pixel."""
    return (b"\xff\xd8" + jpeg_frame(0xFFC3, rows, columns, precision, 1) + huffman_table(0) +
            jpeg_scan(1, bytes([predictor, 0, 0])) + b"\0" * (rows * columns // 8 + 1 if whole else 4) + b"\xff\xd9")


# ---- JPEG-LS (ISO/IEC 14495-1) ----

def jpeg_ls(rows, columns, precision=16, near=0, whole=True):
    """Zeros: runs as long as rows (A.7.1), each part of which is one bit, 1."""
    order, bits = [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4, 4, 5, 5, 6, 6, 7, 7, *range(8, 16)], 0
    index = 0
    for _ in range(rows if whole else 1):
        left = columns
        while left > 0:
            bits += 1
            if left >= 1 << order[index]:
                left -= 1 << order[index]
                index = min(31, index + 1)
            else:
                left = 0  # the end of the row interrupts the run
    return (b"\xff\xd8" + jpeg_frame(0xFFF7, rows, columns, precision, 1) +
            jpeg_scan(1, bytes([near, 0, 0])) + ones(bits) + b"\xff\xd9")


def ones(bits):
    """So many bits 1, then 0: after a byte FF the next begins with a bit 0 (9.1)."""
    pairs, rest = divmod(bits, 15)
    last = ("1" * rest).ljust(8, "0")
    last = last[:8] + "0" * (rest >= 8) + last[8:]
    return b"\xff\x7f" * pairs + int(last.ljust(16, "0"), 2).to_bytes(2, "big")[:1 + (rest >= 8)]


# ---- JPEG 2000 (ISO/IEC 15444-1) ----

def jpeg2000(rows, columns, components=1, precision=16, levels=5, layers=1, tile=None, blocks=(4, 4), precincts=b"",
             progression=0, siz_components=None, parts=True):
    """Every packet empty (B.10.3): one byte, 0, for each."""
    tile_rows, tile_columns = tile or (rows, columns)
    told = components if siz_components is None else siz_components
    size = struct.pack(">H8IH", 0, columns, rows, 0, 0, tile_columns, tile_rows, 0, 0, told)
    size += bytes([precision - 1, 1, 1]) * components
    style = bytes([1 if precincts else 0, progression]) + struct.pack(">HB", layers, 0)
    style += bytes([levels, blocks[0], blocks[1], 0, 1]) + precincts
    quantization = bytes([0x40] + [0x80] * (3 * levels + 1))
    stream = b"\xff\x4f" + segment(0xFF51, size) + segment(0xFF52, style) + segment(0xFF5C, quantization)
    tiles = -(-rows // tile_rows) * -(-columns // tile_columns)
    packets = b"\0" * (components * layers * (levels + 1))
    for number in range(tiles if parts else 0):
        stream += struct.pack(">HHHIBBH", 0xFF90, 10, number & 0xFFFF, 14 + len(packets), 0, 1, 0xFF93) + packets
    return stream + b"\xff\xd9"
