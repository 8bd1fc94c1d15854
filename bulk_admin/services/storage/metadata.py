"""What a picture file holds beside its pixels, taken out without decoding it.

PNG, JPEG and WebP are lists of parts; the parts that are needed to show the picture are copied as
they stand, the rest is left out: EXIF with its GPS, XMP, comments, text of any size, further
pictures, and bytes behind the picture's end. Colour profiles stay, and of EXIF the orientation.
Every function takes time in proportion to the file, whatever is in it, and never raises: whether
the result is a picture is for Pillow to say.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

PROFILE_LIMIT = 8 * 1024 * 1024  # bytes of an unpacked colour profile; large CMYK ones have 3 MB
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Ancillary chunks (their names begin with a small letter) that change what is seen.
PNG_KEPT = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT".split()
)
WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
WEBP_HAS_EXIF, WEBP_HAS_XMP = 0x08, 0x04
SOI, EOI, SOS, APP0, APP1, APP2, APP11, APP14, APP15, COM, TEM = (
    0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEB, 0xEE, 0xEF, 0xFE, 0x01,
)  # fmt: skip
JPEG_ALONE = frozenset({TEM, *range(0xD0, SOI + 1)})  # markers without a length
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff]")
JPEG_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
EXIF_START = b"Exif\0\0"
ORIENTATION, SHORT, UPRIGHT = 0x0112, 3, 1


class Part(NamedTuple):
    """``kind``: a chunk's name or a marker's code; ``whole``: its bytes as they stand in the
    file.
    """

    kind: bytes
    body: bytes
    whole: bytes


def stripped(content: bytes) -> bytes:
    """The picture alone; what is neither PNG, JPEG nor WebP comes back as it is.

    A file that holds nothing else comes back byte for byte.
    """
    if content.startswith(PNG_SIGNATURE):
        return _stripped_png(content)
    if content.startswith(b"\xff\xd8"):
        return _stripped_jpeg(content)
    if _is_webp(content):
        return _stripped_webp(content)
    return content


def has_manifest(content: bytes) -> bool:
    """Whether it carries a C2PA manifest, which says where it comes from and is signed over its
    bytes.
    """
    if content.startswith(PNG_SIGNATURE):
        return any(part.kind == b"caBX" for part in _png_chunks(content))
    if content.startswith(b"\xff\xd8"):
        return any(
            part.kind[0] == APP11 and part.body.startswith(b"JP") and b"c2pa" in part.body
            for part in _jpeg_segments(content)
        )
    return _is_webp(content) and any(part.kind == b"C2PA" for part in _webp_chunks(content))


def for_everybody(content: bytes) -> bytes:
    """The bytes of a picture that may be published: one with a C2PA manifest as it came, for the
    least change breaks the manifest's seal; any other without what it does not need.
    """
    return content if has_manifest(content) else stripped(content)


# --- PNG ----------------------------------------------------------------------------------------


def _png_chunks(content: bytes) -> Iterator[Part]:
    """Up to the end of the picture; ancillary chunks that are damaged are passed over."""
    at = len(PNG_SIGNATURE)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        part = Part(kind, content[at + 8 : end - 4], content[at:end])
        if not kind[0] & 0x20 or _is_sound(part):
            yield part
        if kind == b"IEND":
            return
        at = end


def _is_sound(part: Part) -> bool:
    return len(part.whole) == 12 + len(part.body) and part.whole[-4:] == _crc(part.kind, part.body)


def _crc(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def _stripped_png(content: bytes) -> bytes:
    chunks = list(_png_chunks(content))
    kept = [part for part in chunks if not part.kind[0] & 0x20 or _is_needed_chunk(part)]
    exif = next((part.body for part in chunks if part.kind == b"eXIf"), b"")
    pixels = next((n for n, part in enumerate(kept) if part.kind == b"IDAT"), len(kept))
    whole = [part.whole for part in kept]
    return b"".join([PNG_SIGNATURE, *whole[:pixels], _png_exif(exif), *whole[pixels:]])


def _png_exif(exif: bytes) -> bytes:
    body = _orientation_only(exif)
    return struct.pack(">I", len(body)) + b"eXIf" + body + _crc(b"eXIf", body) if body else b""


def _is_needed_chunk(part: Part) -> bool:
    return part.kind in PNG_KEPT and (part.kind != b"iCCP" or _unpacks(part.body))


def _unpacks(body: bytes) -> bool:
    """Whether a colour profile is whole, and of a size that is one's."""
    name, _, packed = body.partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed[1:], PROFILE_LIMIT)
    except zlib.error:
        return False
    return 1 <= len(name) <= 79 and packed[:1] == b"\0" and unpacking.eof


# --- JPEG ---------------------------------------------------------------------------------------


def _jpeg_segments(content: bytes) -> Iterator[Part]:
    """Up to the end of the first picture; a scan's pixels belong to its SOS segment."""
    at = 0
    while marker := JPEG_MARKER.search(content, at):
        start, kind = marker.start(), marker[0][1:]
        code = kind[0]
        if code in JPEG_ALONE or code == EOI:
            at = marker.end()
            yield Part(kind, b"", marker[0])
            if code == EOI:
                return
            continue
        length = int.from_bytes(content[marker.end() : marker.end() + 2])
        at = marker.end() + max(length, 2)
        body = content[marker.end() + 2 : at]
        if code == SOS:
            scan_end = JPEG_SCAN_END.search(content, at)
            at = scan_end.start() if scan_end else len(content)
        yield Part(kind, body, content[start:at])


def _stripped_jpeg(content: bytes) -> bytes:
    segments = list(_jpeg_segments(content))
    exif = b"".join(
        part.body.removeprefix(EXIF_START)
        for part in segments
        if part.kind[0] == APP1 and part.body.startswith(EXIF_START)
    )
    kept = [part.whole for part in segments if _is_needed_segment(part)]
    if body := _orientation_only(exif):
        # Behind JFIF's segment, which has to be the first.
        place = 2 if len(kept) > 1 and kept[1][1] == APP0 else 1
        body = EXIF_START + body
        kept.insert(place, b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    return b"".join(kept)


def _is_needed_segment(part: Part) -> bool:
    """JFIF's head, colour profiles, and Adobe's note on how the colours are coded; of other
    applications nothing, which leaves out MPF, the list of further pictures.
    """
    code = part.kind[0]
    if not (APP0 <= code <= APP15 or code == COM):
        return True
    starts = {APP0: b"JFIF\0", APP2: b"ICC_PROFILE\0", APP14: b"Adobe"}
    return code in starts and part.body.startswith(starts[code])


# --- WebP ---------------------------------------------------------------------------------------


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _webp_chunks(content: bytes) -> Iterator[Part]:
    at, end = 12, min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", content, at)
        after = at + 8 + length + length % 2
        yield Part(kind, content[at + 8 : at + 8 + length], content[at:after])
        at = after


def _stripped_webp(content: bytes) -> bytes:
    parts = list(_webp_chunks(content))
    exif = next((part.body for part in parts if part.kind == b"EXIF"), b"")
    body = _orientation_only(exif.removeprefix(EXIF_START))
    kept = [
        _with_flags(part, has_exif=bool(body)) if part.kind == b"VP8X" else part.whole
        for part in parts
        if part.kind in WEBP_KEPT
    ]
    if body:
        kept.append(b"EXIF" + struct.pack("<I", len(body)) + body)
    chunks = b"".join(kept)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _with_flags(part: Part, *, has_exif: bool) -> bytes:
    flags = part.whole[8] & ~(WEBP_HAS_EXIF | WEBP_HAS_XMP) if part.body else 0
    return part.whole[:8] + bytes([flags | WEBP_HAS_EXIF * has_exif]) + part.whole[9:]


# --- EXIF ---------------------------------------------------------------------------------------


def _orientation_only(exif: bytes) -> bytes:
    """EXIF that says how the picture is turned and nothing else; none for an upright one."""
    orientation = _orientation(exif)
    if not UPRIGHT < orientation <= 8:
        return b""
    entry = struct.pack("<HHIHH", ORIENTATION, SHORT, 1, orientation, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


def _orientation(exif: bytes) -> int:
    """As browsers read it: from the first directory's own entry, whatever else is broken.

    Pillow follows every other entry too; a few kilobytes that point at each other cost it
    gigabytes.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return UPRIGHT
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, first)
        for number in range(count):
            tag, kind, values, value = struct.unpack_from(
                f"{order}HHIH", exif, first + 2 + 12 * number
            )
            if tag == ORIENTATION:
                return int(value) if (kind, values) == (SHORT, 1) else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT
