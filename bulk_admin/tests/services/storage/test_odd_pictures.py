"""Pictures that browsers show and that break readers: good ones wherever they are read."""

from __future__ import annotations

import base64
import io
import os
import struct
import zlib

import pytest
from PIL import Image

from bulk_admin.services.storage import metadata, pictures, storing
from bulk_admin.testing.factories import make_draft
from bulk_admin.testing.pictures import chunk
from bulk_admin.tests.services.storage.parts import (
    exif,
    grey_profile,
    jpeg_with,
    picture_of,
    png_with,
    saved,
    segment,
    srgb,
    swapped,
    webp_with,
)

SIZE = (64, 48)
MEGABYTES = os.urandom(2 * 1024 * 1024)


def raw_png(depth: int, colour: int, rows: bytes, *extra: bytes, width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", head), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return metadata.PNG_SIGNATURE + b"".join(parts)


def text_of(size: int) -> bytes:
    return zlib.compress(b"x" * size)


def two_pictures() -> bytes:
    """As cameras write them: a list of pictures (MPF) and the second one behind the first."""
    return saved(picture_of(), "MPO", save_all=True, append_images=[picture_of().rotate(180)])


def profile_in_png(profile: bytes) -> bytes:
    return png_with(chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)))


GOOD = {
    "2 MB of packed text": png_with(chunk(b"zTXt", b"workflow\0\0" + zlib.compress(MEGABYTES))),
    "2 MB of packed text of one letter": png_with(
        chunk(b"zTXt", b"workflow\0\0" + text_of(2 * 1024 * 1024))
    ),
    "packed international text": png_with(
        chunk(b"iTXt", b"workflow\0\1\0\0\0" + text_of(2 * 1024 * 1024))
    ),
    "2 MB of plain text": png_with(chunk(b"tEXt", b"workflow\0" + b"x" * 2 * 1024 * 1024)),
    "text behind the pixels": saved(picture_of(), "PNG")[:-12]
    + chunk(b"zTXt", b"workflow\0\0" + text_of(2 * 1024 * 1024))
    + chunk(b"IEND", b""),
    "packed text without end": png_with(
        chunk(b"zTXt", b"workflow\0\0" + text_of(16 * 1024 * 1024)) * 64
    ),
    "2 MB of profile": profile_in_png(srgb() + MEGABYTES),
    "a profile of noise": profile_in_png(MEGABYTES),
    "a profile without end": profile_in_png(bytes(9 * 1024 * 1024)),
    "a profile that is cut": png_with(chunk(b"iCCP", b"x\0\0" + zlib.compress(srgb())[:90])),
    "a profile packed in an unknown way": png_with(chunk(b"iCCP", b"x\0\7abc")),
    "a bad sum of a text": png_with(chunk(b"tEXt", b"Comment\0hello", crc=1)),
    "a bad sum of a profile": png_with(chunk(b"iCCP", b"x\0\0" + zlib.compress(srgb()), crc=1)),
    "a bad sum of exif": png_with(chunk(b"eXIf", exif()[6:], crc=1)),
    "exif of noise": png_with(chunk(b"eXIf", MEGABYTES)),
    "a list of pictures": two_pictures(),
    "a list of pictures that are not there": two_pictures()[:-400],
    "a broken list of pictures": jpeg_with(segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff")),
    "exif of a jpeg of noise": jpeg_with(segment(0xE1, b"Exif\0\0" + MEGABYTES[:60_000])),
    "bytes behind a png": saved(picture_of(), "PNG") + MEGABYTES,
    "bytes behind a jpeg": saved(picture_of(), "JPEG") + MEGABYTES,
    "bytes behind a progressive jpeg": saved(picture_of(), "JPEG", progressive=True) + MEGABYTES,
    "bytes behind a webp": saved(picture_of(), "WEBP") + MEGABYTES,
    "cmyk": saved(picture_of("CMYK"), "JPEG"),
    "cmyk with a profile that is not": saved(picture_of("CMYK"), "JPEG", icc_profile=srgb()),
    "grey with a profile that is not": saved(picture_of("L"), "PNG", icc_profile=srgb()),
    "a palette with transparency": saved(picture_of("P"), "PNG", transparency=3),
    "a palette of transparencies": saved(picture_of("P"), "PNG", transparency=bytes(range(256))),
    "one bit": saved(picture_of("1"), "PNG"),
    "one bit, one of them clear": saved(picture_of("1"), "PNG", transparency=0),
    "16 bits of grey": saved(picture_of("I;16"), "PNG"),
    "16 bits of grey and clear": raw_png(16, 4, (b"\0" + bytes(64 * 4)) * 48, width=64, height=48),
    "16 bits of colour": raw_png(16, 2, (b"\0" + bytes(64 * 6)) * 48, width=64, height=48),
    "16 bits, one colour clear": raw_png(
        16,
        2,
        (b"\0" + bytes(64 * 6)) * 48,
        chunk(b"tRNS", b"\xff\xff\x80\0\1\2"),
        width=64,
        height=48,
    ),
    "an animated png": saved(picture_of(), "PNG", save_all=True, append_images=[picture_of("L")]),
    "an animated webp": saved(
        picture_of(), "WEBP", save_all=True, append_images=[picture_of().rotate(180)]
    ),
    "a webp with xmp": saved(picture_of(), "WEBP", xmp=b"<x/>"),
    "a webp with an odd chunk": webp_with(b"ODD \3\0\0\0abc\0"),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD.keys())
def test_a_good_picture_is_stored_shown_and_made_a_page_of(content):
    decoded = storing.decode(content)
    assert (decoded.width, decoded.height) == SIZE
    assert pictures.content_type(content) == decoded.content_type != pictures.UNKNOWN_TYPE
    body = pictures.look(content).partition(",")[2]
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == SIZE
    for_readers = make_draft(original=content).picture
    assert (for_readers.width, for_readers.height) == SIZE
    with Image.open(io.BytesIO(for_readers.content)) as published:
        published.load()
        assert published.size == SIZE


@pytest.mark.parametrize(
    "content",
    [
        png_with()[:-80],
        saved(picture_of(), "JPEG")[:-200],
        saved(picture_of(), "WEBP")[:-20],
        saved(picture_of(), "TIFF"),
        saved(picture_of(), "BMP"),
    ],
    ids=["cut png", "cut jpeg", "cut webp", "tiff", "bmp"],
)
def test_what_lacks_pixels_or_is_of_another_kind_is_none(content):
    with pytest.raises(pictures.Unreadable):
        storing.decode(content)


def shown(content: bytes) -> Image.Image:
    """What a visitor sees: a smaller picture."""
    (small,) = make_draft(original=content).webp(1200)
    return Image.open(io.BytesIO(small.content))


def near(picture: Image.Image, at: tuple[int, int], colour: tuple[int, ...], by: int = 6) -> bool:
    seen = picture.convert("RGBA" if len(colour) == 4 else "RGB").getpixel(at)
    return all(abs(one - other) <= by for one, other in zip(seen, colour, strict=True))


def test_16_bits_of_grey_keep_their_greys():
    ramp = Image.new("I;16", (256, 40))
    ramp.putdata([257 * (n % 256) for n in range(256 * 40)])
    small = shown(saved(ramp, "PNG"))
    for grey in (10, 64, 128, 200, 250):
        assert near(small, (grey, 20), (grey,) * 3)
    thumbnail = Image.open(io.BytesIO(storing.decode(saved(ramp, "PNG")).thumbnails[300]))
    assert near(thumbnail, (128, 20), (128,) * 3)


def test_of_16_bits_of_grey_only_the_clear_one_is_clear():
    halves = Image.new("I;16", (64, 40))
    halves.putdata([0x8001 if n % 64 < 32 else 0x8002 for n in range(64 * 40)])
    small = shown(saved(halves, "PNG", transparency=0x8001))
    assert small.getpixel((8, 20))[3] == 0
    assert near(small, (56, 20), (128, 128, 128, 255))


def test_the_colours_of_16_bits_are_kept():
    row = b"\0" + struct.pack(">HHH", 0xC8FF, 0x64FF, 0x32FF) * 64
    assert near(shown(raw_png(16, 2, row * 48, width=64, height=48)), (30, 20), (200, 100, 50))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_smaller_pictures_show_the_colours_that_the_profile_means(file_format):
    red = saved(Image.new("RGB", SIZE, (255, 0, 0)), file_format, icc_profile=swapped())
    plain = saved(Image.new("RGB", SIZE, (255, 0, 0)), file_format)
    for content, colour in ((red, (0, 255, 0)), (plain, (255, 0, 0))):
        small = shown(content)
        assert near(small, (30, 20), colour, 12)
        assert "icc_profile" not in small.info
        for thumbnail in storing.decode(content).thumbnails.values():
            assert near(Image.open(io.BytesIO(thumbnail)), (30, 20), colour, 12)


def test_what_is_clear_stays_clear_under_a_profile():
    clear = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    clear.paste((255, 0, 0, 255), (32, 0, 64, 48))
    small = shown(saved(clear, "PNG", icc_profile=swapped()))
    assert small.getpixel((8, 20))[3] == 0
    assert near(small, (56, 20), (0, 255, 0, 255), 12)


def test_a_profile_of_greys_is_applied_to_greys():
    small = shown(saved(Image.new("L", SIZE, 188), "PNG", icc_profile=grey_profile()))
    light = (188 / 255) ** 4
    assert near(small, (30, 20), (round(255 * (1.055 * light ** (1 / 2.4) - 0.055)),) * 3, 8)


def test_a_large_profile_does_not_make_a_large_thumbnail():
    decoded = storing.decode(GOOD["2 MB of profile"])
    assert all(len(thumbnail) < 5_000 for thumbnail in decoded.thumbnails.values())


def test_the_first_picture_of_several_is_shown():
    first, second = Image.new("RGB", SIZE, "red"), Image.new("RGB", SIZE, "blue")
    for file_format in ("MPO", "PNG", "WEBP"):
        several = saved(first, file_format, save_all=True, append_images=[second])
        assert near(shown(several), (30, 20), (255, 0, 0), 8)
