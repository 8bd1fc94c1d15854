from __future__ import annotations

import base64
from io import BytesIO

import pytest
from PIL import Image

from bulk_admin.services.storage import pictures
from bulk_admin.testing.pictures import bomb, make_picture, odd_exif


def looked_at(content: bytes) -> Image.Image:
    head, _, body = pictures.look(content).partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(BytesIO(base64.b64decode(body)))


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (1024, 1024, (512, 512)),
        (1536, 1024, (512, 341)),
        (300, 200, (300, 200)),
        (8, 4000, (1, 512)),
    ],
)
def test_a_model_sees_a_jpeg_of_at_most_512_pixels(width, height, size):
    small = looked_at(make_picture(width, height))
    assert (small.format, small.size) == ("JPEG", size)


@pytest.mark.parametrize(
    ("mode", "file_format"),
    [
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("1", "PNG"),
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
        ("RGBA", "WEBP"),
    ],
)
def test_every_mode_of_picture_can_be_looked_at(mode, file_format):
    assert looked_at(make_picture(64, 64, file_format, mode)).mode == "RGB"


def test_a_picture_with_broken_exif_is_turned_as_browsers_turn_it():
    assert looked_at(odd_exif()).size == (284, 512)


def test_what_is_transparent_is_seen_on_white():
    out = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    assert looked_at(out.getvalue()).getpixel((4, 4)) == (255, 255, 255)


def test_a_turned_picture_is_opened_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    opened = pictures.opened(make_picture(80, 40, "JPEG", exif=exif), 64)
    assert (opened.picture.size, opened.width, opened.height) == ((32, 64), 40, 80)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"This is not a picture.",
        make_picture()[:-400],
        bomb(),
        make_picture(8, 20_000),
        make_picture(file_format="GIF", mode="P"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_sent(content):
    with pytest.raises(pictures.Unreadable):
        pictures.look(content)
