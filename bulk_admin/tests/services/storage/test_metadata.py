from __future__ import annotations

import io
import struct
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps, features

from bulk_admin.services.storage import metadata
from bulk_admin.testing.pictures import chunk
from bulk_admin.tests.services.storage.parts import (
    exif,
    jpeg_with,
    picture_of,
    png_with,
    riff_chunk,
    saved,
    segment,
    srgb,
    webp_with,
)

SECRET = b"SECRET"
XMP = b"<x:xmpmeta>SECRET</x:xmpmeta>"
JUMBF = (
    b"JP\0\1\0\0\0\1\0\0\0\x40jumb\0\0\0\x1ejumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa\0"
)
PLAIN = {
    "png": saved(picture_of(), "PNG"),
    "palette": saved(picture_of("P"), "PNG", transparency=3),
    "greys": saved(picture_of("I;16"), "PNG"),
    "transparent": saved(picture_of("RGBA"), "PNG"),
    "jpeg": saved(picture_of(), "JPEG"),
    "progressive": saved(picture_of(), "JPEG", progressive=True),
    "restarts": saved(picture_of(size=(256, 256)), "JPEG", restart_marker_blocks=2),
    "cmyk": saved(picture_of("CMYK"), "JPEG"),
    "webp": saved(picture_of(), "WEBP"),
    "lossless": saved(picture_of("RGBA"), "WEBP", lossless=True),
    "profile png": saved(picture_of(), "PNG", icc_profile=srgb()),
    "profile jpeg": saved(picture_of(), "JPEG", icc_profile=srgb()),
    "profile webp": saved(picture_of(), "WEBP", icc_profile=srgb()),
    "animated png": saved(
        picture_of(), "PNG", save_all=True, append_images=[picture_of().rotate(180)]
    ),
    "animated webp": saved(
        picture_of(), "WEBP", save_all=True, append_images=[picture_of().rotate(180)]
    ),
}
TELLTALE = {
    "text": png_with(chunk(b"tEXt", b"Comment\0SECRET")),
    "packed text": png_with(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(SECRET))),
    "international text": png_with(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
    "unknown chunk": png_with(chunk(b"prVt", SECRET)),
    "time": png_with(chunk(b"tIME", SECRET + b"!")),
    "exif of a png": png_with(chunk(b"eXIf", exif()[6:])),
    "behind a png": PLAIN["png"] + SECRET,
    "zip behind a png": PLAIN["png"] + b"PK\3\4" + SECRET,
    "exif of a jpeg": jpeg_with(segment(0xE1, exif())),
    "xmp": jpeg_with(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)),
    "iptc": jpeg_with(segment(0xED, b"Photoshop 3.0\0" + SECRET)),
    "comment": jpeg_with(segment(0xFE, SECRET)),
    "preview": jpeg_with(segment(0xE0, b"JFXX\0\x10" + SECRET)),
    "unknown application": jpeg_with(segment(0xE5, SECRET)),
    "other boxes": jpeg_with(segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumbSECRET")),
    "second picture": PLAIN["jpeg"] + jpeg_with(segment(0xFE, SECRET)),
    "behind a progressive jpeg": PLAIN["progressive"] + SECRET,
    "exif of a webp": saved(picture_of(), "WEBP", exif=exif()),
    "xmp of a webp": saved(picture_of(), "WEBP", xmp=XMP),
    "unknown riff chunk": webp_with(riff_chunk(b"NOTE", SECRET)),
    "behind a webp": PLAIN["webp"] + SECRET,
}
ODD = {
    "damaged text": png_with(chunk(b"tEXt", b"Comment\0hello", crc=0)),
    "damaged profile": png_with(chunk(b"iCCP", b"x\0\0" + zlib.compress(srgb()), crc=0)),
    "fill bytes": PLAIN["jpeg"][:20] + b"\xff\xff\xff" + PLAIN["jpeg"][20:],
}


def pixels(content: bytes) -> tuple[object, ...]:
    with Image.open(io.BytesIO(content)) as file:
        return file.mode, file.size, file.tobytes()


@pytest.mark.parametrize("content", PLAIN.values(), ids=PLAIN.keys())
def test_a_file_of_pixels_and_profile_stays_as_it_is(content):
    assert metadata.stripped(content) == content
    assert not metadata.has_manifest(content)


@pytest.mark.parametrize("content", TELLTALE.values(), ids=TELLTALE.keys())
def test_what_is_not_the_picture_goes_and_no_pixel_changes(content):
    assert SECRET in content or zlib.compress(SECRET) in content
    bare = metadata.for_everybody(content)
    assert SECRET not in bare
    assert zlib.compress(SECRET) not in bare
    assert pixels(bare) == pixels(content)
    assert metadata.stripped(bare) == bare


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_a_picture_with_a_damaged_extra_becomes_a_sound_one(content):
    kind = "jpeg" if content.startswith(b"\xff") else "png"
    assert pixels(metadata.stripped(content)) == pixels(PLAIN[kind])


def test_the_colour_profile_stays():
    for file_format, ending in (("PNG", b""), ("JPEG", SECRET), ("WEBP", SECRET)):
        content = saved(picture_of(), file_format, icc_profile=srgb(), exif=exif()) + ending
        with Image.open(io.BytesIO(metadata.for_everybody(content))) as file:
            assert file.info["icc_profile"] == srgb()
            assert "exif" not in file.info


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_turned_picture_is_still_turned_and_says_nothing_else(file_format, orientation):
    content = saved(picture_of(), file_format, exif=exif(orientation))
    bare = metadata.for_everybody(content)
    with Image.open(io.BytesIO(content)) as before, Image.open(io.BytesIO(bare)) as after:
        after.load()
        assert dict(after.getexif()) == ({0x0112: orientation} if orientation > 1 else {})
        assert ImageOps.exif_transpose(after).tobytes() == ImageOps.exif_transpose(before).tobytes()
    assert SECRET not in bare
    assert metadata.stripped(bare) == bare


def test_exif_behind_the_pixels_of_a_png_turns_it_as_well():
    png = PLAIN["png"]
    bare = metadata.stripped(png[:-12] + chunk(b"eXIf", exif(6)[6:]) + png[-12:])
    assert Image.open(io.BytesIO(bare)).getexif()[0x0112] == 6


MANIFESTS = {
    "png": png_with(chunk(b"caBX", JUMBF[8:]), chunk(b"tEXt", b"Comment\0SECRET")) + b"behind",
    "jpeg": jpeg_with(segment(0xE1, exif(6)), segment(0xEB, JUMBF)) + b"behind",
    "webp": webp_with(riff_chunk(b"C2PA", JUMBF[8:]), riff_chunk(b"NOTE", SECRET)) + b"behind",
}


@pytest.mark.parametrize("content", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_picture_with_a_manifest_is_copied_byte_for_byte(content):
    assert metadata.has_manifest(content)
    assert metadata.for_everybody(content) == content
    assert not metadata.has_manifest(metadata.stripped(content))


@pytest.mark.parametrize(
    "content",
    [
        PLAIN["png"] + chunk(b"caBX", JUMBF[8:]),
        png_with(chunk(b"tEXt", b"Comment\0caBX c2pa jumb")),
        PLAIN["jpeg"] + segment(0xEB, JUMBF),
        jpeg_with(segment(0xFE, JUMBF)),
        jpeg_with(segment(0xE1, b"Exif\0\0" + segment(0xEB, JUMBF))),
        PLAIN["webp"] + riff_chunk(b"C2PA", JUMBF[8:]),
        webp_with(riff_chunk(b"NOTE", b"C2PA")),
        b"C2PA",
        b"",
    ],
)
def test_the_word_alone_is_no_manifest(content):
    assert not metadata.has_manifest(content)
    assert b"c2pa" not in metadata.for_everybody(content).lower()[4:]


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF\4\0\0\0WEBP", b"<svg/>"]
)
def test_what_is_no_picture_is_nobodys_problem_here(content):
    assert metadata.stripped(content) == content
    assert not metadata.has_manifest(content)


@given(st.sampled_from([*PLAIN.values(), *MANIFESTS.values()]), st.data())
def test_damaged_files_never_raise(content, data):
    at = data.draw(st.integers(0, len(content)))
    middle = data.draw(st.binary(max_size=8))
    for damaged in (content[:at], content[:at] + middle + content[at + len(middle) :]):
        assert metadata.stripped(metadata.stripped(damaged)) == metadata.stripped(damaged)
        metadata.for_everybody(damaged)


HUGE = 100_000
LOOPING_EXIF = b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 0x010E, 2, 60_000, 8) * 5_000
NASTY = {
    "markers": b"\xff\xd8" + b"\xff" * HUGE,
    "empty segments": b"\xff\xd8" + b"\xff\xe1\0\2" * (HUGE // 4),
    "scans": b"\xff\xd8" + b"\xff\xda\0\2\xff\0" * (HUGE // 6),
    "restarts": b"\xff\xd8\xff\xda\0\2" + b"\xff\xd0" * (HUGE // 2),
    "empty chunks": b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"") * (HUGE // 12),
    "riff": webp_with(riff_chunk(b"NOTE", b"") * (HUGE // 8)),
    "exif": jpeg_with(segment(0xE1, b"Exif\0\0" + LOOPING_EXIF)),
    "packed profile": png_with(
        chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(64 * 1024 * 1024), 9))
    ),
}


@pytest.mark.parametrize("content", NASTY.values(), ids=NASTY.keys())
def test_time_grows_with_the_file_and_no_faster(content):
    begun = time.process_time()
    metadata.for_everybody(content)
    assert time.process_time() - begun < 1


def test_a_profile_that_unpacks_without_end_is_left_out():
    bare = metadata.stripped(NASTY["packed profile"])
    assert b"iCCP" not in bare
    assert pixels(bare) == pixels(PLAIN["png"])


def test_this_pillow_reads_webp_and_colour_profiles():
    assert features.check("webp")
    assert features.check("littlecms2")
