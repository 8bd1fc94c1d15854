"""Pictures opened with care, and made small. Runs in threads; touches no ORM."""

from __future__ import annotations

import base64
import threading
import warnings
from io import BytesIO

from PIL import Image, ImageOps

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
CONTENT_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
LOOK_SIDE = 512
JPEG_QUALITY = 80
# Decoding and scaling is most of a picture's work; more at once only makes each slower.
PILLOW = threading.BoundedSemaphore(2)


class Unreadable(Exception):
    """Bytes that are no picture we can open."""


def opened(content: bytes) -> tuple[Image.Image, str]:
    """The whole picture, upright, as RGB or RGBA, and its real format. Raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _opened(content)
    except Exception as error:  # Pillow's readers raise whatever a broken file makes of them
        raise Unreadable("The picture cannot be read.") from error


def _opened(content: bytes) -> tuple[Image.Image, str]:
    with Image.open(BytesIO(content), formats=list(EXTENSIONS)) as file:
        if file.width * file.height > MAX_PIXELS or max(file.size) > MAX_SIDE:
            raise ValueError("too large")
        picture = upright(file)
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        return picture.convert(mode), str(file.format)


def upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF says; as it came when that cannot be read, for the picture may be whole
    all the same.
    """
    try:
        return ImageOps.exif_transpose(picture)
    # As above; a picture that is broken itself says so when it is decoded
    except Exception:  # noqa: BLE001
        return picture


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """A copy within ``side`` pixels, never larger than it was."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return small


def look(content: bytes) -> str:
    """A picture of at most 512 pixels as a data URL, for a model to look at. Raises Unreadable."""
    with PILLOW:
        small = fitted(opened(content)[0], LOOK_SIDE)
        if small.mode == "RGBA":
            white = Image.new("RGB", small.size, "white")
            white.paste(small, mask=small.getchannel("A"))
            small = white
        out = BytesIO()
        small.save(out, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
