"""Small real pictures for pretended answers; drawn once, told apart by a mark in the file."""

from __future__ import annotations

import functools
import hashlib
import io
import struct
import zlib

from PIL import Image

PNG_END = 12  # length, name and checksum of the IEND chunk


@functools.cache
def plain(width: int, height: int, output_format: str) -> bytes:
    out = io.BytesIO()
    fall = Image.linear_gradient("L").resize((width, height))
    Image.merge("RGB", (fall, fall.transpose(Image.Transpose.FLIP_TOP_BOTTOM), fall)).save(
        out, output_format.upper()
    )
    return out.getvalue()


def picture(size: str, output_format: str = "png", mark: str = "") -> bytes:
    """A picture of that size; PNG and JPEG files differ with ``mark``, to the byte."""
    width, height = (int(edge) for edge in size.split("x"))
    content = plain(width, height, output_format)
    name = hashlib.sha256(mark.encode()).hexdigest().encode()
    if output_format == "png":
        return content[:-PNG_END] + _chunk(b"tEXt", b"Comment\0" + name) + content[-PNG_END:]
    if output_format == "jpeg":
        return content[:2] + b"\xff\xfe" + struct.pack(">H", len(name) + 2) + name + content[2:]
    return content


@functools.cache
def bomb(edge: int = 20_000) -> bytes:
    """A few kilobytes that decode to 400 million pixels."""
    head = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((edge // 8 + 1) * edge), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )
