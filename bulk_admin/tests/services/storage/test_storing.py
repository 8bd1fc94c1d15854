"""Paid bytes to safety, whatever they are."""

from __future__ import annotations

import io
import struct
import uuid
import zlib

import pytest
from PIL import Image

from bulk_admin.services.storage import private, storing
from bulk_admin.testing.factories import png_bytes


def key() -> str:
    return storing.original_key(uuid.uuid4(), uuid.uuid4())


def encoded(
    format: str, mode: str = "RGB", size: tuple[int, int] = (900, 500), **options: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, format, **options)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that claims to be 30,000 x 30,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def odd_exif() -> bytes:
    """A JPEG to be turned, with a width that is a word: Pillow reads it, and breaks when it turns
    the picture.
    """
    entry = struct.Struct("<HHI4s")
    entries = entry.pack(0x0100, 2, 4, b"wide") + entry.pack(0x0112, 3, 1, b"\6\0\0\0")
    return encoded("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x02\0" + entries + b"\0\0\0\0")


@pytest.mark.parametrize(
    ("content", "content_type", "size"),
    [
        (odd_exif(), "image/jpeg", (900, 500)),
        (encoded("PNG"), "image/png", (900, 500)),
        (encoded("JPEG"), "image/jpeg", (900, 500)),
        (encoded("JPEG", "CMYK"), "image/jpeg", (900, 500)),
        (encoded("WEBP"), "image/webp", (900, 500)),
        (encoded("PNG", "RGBA"), "image/png", (900, 500)),
        (encoded("PNG", "I;16"), "image/png", (900, 500)),
        (encoded("PNG", "P"), "image/png", (900, 500)),
        (encoded("PNG", "RGB", (1, 1)), "image/png", (1, 1)),
        (encoded("JPEG", "RGB", (2400, 1800)), "image/jpeg", (2400, 1800)),
    ],
)
def test_a_picture_is_kept_byte_for_byte_with_its_real_type_and_size(content, content_type, size):
    name = key()
    stored = storing.store(name, content, {"usage": {"image_output": 7}})
    assert private.get(name) == content
    assert (stored.content_type, (stored.width, stored.height), stored.is_readable) == (
        content_type,
        size,
        True,
    )
    for thumbnail, side in ((stored.thumb_300, 300), (stored.thumb_600, 600)):
        with Image.open(io.BytesIO(private.get(thumbnail))) as small:
            assert small.format == "WEBP"
            assert max(small.size) == min(side, max(size))


@pytest.mark.parametrize(
    "content",
    [
        b"not a picture",
        bomb(),
        png_bytes()[:40],
        b"<svg onload='x'/>",
        b"GIF89a" + b"\0" * 40,
        b"\xff\xd8\xff" + b"\0" * 20,
    ],
)
def test_bytes_that_do_not_decode_are_kept_all_the_same(content):
    name = key()
    stored = storing.store(name, content, {})
    assert not stored.is_readable
    assert private.get(name) == content
    assert stored.thumb_300 == ""


def test_what_is_stored_is_found_again_with_what_it_cost():
    name = key()
    stored = storing.store(name, png_bytes(), {"usage": {"image_output": 7}, "request_id": "req_1"})
    found = storing.find(name)
    assert found is not None
    assert (found.sha256, found.width) == (stored.sha256, stored.width)
    assert found.metadata["usage"] == {"image_output": 7}


def test_nothing_is_found_where_nothing_was_stored():
    assert storing.find(key()) is None


def test_storing_again_is_harmless_and_deleting_leaves_nothing():
    name = key()
    storing.store(name, png_bytes(), {})
    stored = storing.store(name, png_bytes(), {})
    storing.delete([name])
    storing.delete([name])
    assert not any(
        private.exists(one) for one in (name, f"{name}.json", stored.thumb_300, stored.thumb_600)
    )
