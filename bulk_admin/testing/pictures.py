"""Pictures for tests and for the loopback servers: small real ones, and odd ones."""

from __future__ import annotations

import functools
import hashlib
import io
import struct
import zlib
from typing import Any

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


def make_picture(
    width: int = 1024,
    height: int = 768,
    file_format: str = "PNG",
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """A grey fall. ``options`` are Pillow's own for the format, such as ``exif``."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(
        out, file_format, **options
    )
    return out.getvalue()


def png_bytes(width: int = 64, height: int = 64, colour: str = "teal") -> bytes:
    """A plain PNG."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def picture(size: str, output_format: str = "png", mark: str = "") -> bytes:
    """A picture of that size, drawn once; PNG and JPEG files differ with ``mark``, to the byte."""
    width, height = (int(edge) for edge in size.split("x"))
    content = plain(width, height, output_format)
    name = hashlib.sha256(mark.encode()).hexdigest().encode()
    if output_format == "png":
        return content[:-PNG_END] + chunk(b"tEXt", b"Comment\0" + name) + content[-PNG_END:]
    if output_format == "jpeg":
        return content[:2] + b"\xff\xfe" + struct.pack(">H", len(name) + 2) + name + content[2:]
    return content


@functools.cache
def bomb(edge: int = 20_000) -> bytes:
    """A few kilobytes that decode to 400 million pixels."""
    head = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((edge // 8 + 1) * edge), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def odd_exif() -> bytes:
    """A JPEG to be turned, with a width that is a word: browsers turn it, and Pillow alone breaks
    on it.
    """
    entry = struct.Struct("<HHI4s")
    entries = entry.pack(0x0100, 2, 4, b"wide") + entry.pack(0x0112, 3, 1, b"\6\0\0\0")
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + entries + b"\0\0\0\0"
    return make_picture(900, 500, "JPEG", exif=exif)


def chunk(name: bytes, content: bytes, crc: int | None = None) -> bytes:
    """A chunk of a PNG; ``crc`` is another checksum than the right one."""
    checksum = zlib.crc32(name + content) if crc is None else crc
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
