"""Paid bytes to safety, whatever they are."""

from __future__ import annotations

import io
import uuid

import pytest
from PIL import Image

from bulk_admin.services.storage import private, storing
from bulk_admin.testing.pictures import bomb, make_picture, odd_exif, png_bytes


def key() -> str:
    return storing.original_key(uuid.uuid4(), uuid.uuid4())


@pytest.mark.parametrize(
    ("content", "content_type", "size"),
    [
        (odd_exif(), "image/jpeg", (500, 900)),
        (make_picture(900, 500), "image/png", (900, 500)),
        (make_picture(900, 500, "JPEG"), "image/jpeg", (900, 500)),
        (make_picture(900, 500, "JPEG", "CMYK"), "image/jpeg", (900, 500)),
        (make_picture(900, 500, "WEBP"), "image/webp", (900, 500)),
        (make_picture(900, 500, "PNG", "RGBA"), "image/png", (900, 500)),
        (make_picture(900, 500, "PNG", "I;16"), "image/png", (900, 500)),
        (make_picture(900, 500, "PNG", "P"), "image/png", (900, 500)),
        (make_picture(1, 1), "image/png", (1, 1)),
        (make_picture(2400, 1800, "JPEG"), "image/jpeg", (2400, 1800)),
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


def test_what_is_stored_in_part_only_is_not_found():
    """Adopted, it would be paid for as a picture that cannot be read, whatever came later."""
    empty, cut, whole = key(), key(), png_bytes()
    private.put(empty, b"", "image/png")
    storing.store(cut, whole, {})
    private.put(cut, whole[:40], "image/png")
    assert (storing.find(empty), storing.find(cut)) == (None, None)
    private.put(cut, whole, "image/png")
    assert storing.find(cut) is not None


def test_what_is_listed_and_cannot_be_opened_is_not_found(monkeypatch):
    monkeypatch.setattr(private, "exists", lambda name: True)
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
