"""Pieces of picture files, to make odd ones of."""

from __future__ import annotations

import io
import struct
from typing import Any

from PIL import Image, ImageCms

PNG_HEAD = 8 + 25  # signature and IHDR


def picture_of(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert(mode)


def saved(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, file_format, **options)
    return out.getvalue()


def png_with(*chunks: bytes, png: bytes = b"") -> bytes:
    """``chunks`` before the pixels."""
    png = png or saved(picture_of(), "PNG")
    return png[:PNG_HEAD] + b"".join(chunks) + png[PNG_HEAD:]


def segment(code: int, body: bytes) -> bytes:
    return bytes([0xFF, code]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(*segments: bytes, jpeg: bytes = b"") -> bytes:
    """``segments`` behind JFIF's."""
    jpeg = jpeg or saved(picture_of(), "JPEG")
    return jpeg[:20] + b"".join(segments) + jpeg[20:]


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def webp_with(*chunks: bytes, webp: bytes = b"") -> bytes:
    """``chunks`` behind the pixels."""
    webp = webp or saved(picture_of(), "WEBP", exif=exif())
    body = webp[8:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = "SECRET"
    made.get_ifd(0x8825)[1] = "N"
    return made.tobytes()


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped() -> bytes:
    """A profile that means red where it says green."""
    profile = srgb()
    at = {profile[n : n + 4]: n for n in range(132, 132 + 12 * profile[131], 12)}
    changed = bytearray(profile)
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    changed[red + 4 : red + 12] = profile[green + 4 : green + 12]
    changed[green + 4 : green + 12] = profile[red + 4 : red + 12]
    return bytes(changed)


def grey_profile() -> bytes:
    """One of greys that are darker than they say: a gamma of 4."""

    def padded(data: bytes) -> bytes:
        return data + bytes(-len(data) % 4)

    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061),
        b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, 4 * 256),
    }
    at, table, data = 132 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        table += name + struct.pack(">II", at + len(data), len(body))
        data += padded(body)
    head = struct.pack(
        ">I4sI4s4s4s", at + len(data), b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061) + bytes(48)
    return head[:128] + struct.pack(">I", len(tags)) + table + data
