"""Pictures opened with care, and made small. Runs in threads; touches no ORM."""

from __future__ import annotations

import base64
import threading
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms, ImageMath, ImageOps, PngImagePlugin

from bulk_admin.services.storage import metadata

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
CONTENT_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
UNKNOWN_TYPE = "application/octet-stream"
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
LOOK_SIDE = 512
JPEG_QUALITY, WEBP_QUALITY = 80, 80
# Decoding and scaling is most of a picture's work; more at once only makes each slower.
PILLOW = threading.BoundedSemaphore(2)
# Text is taken out of a PNG before Pillow sees it: all that Pillow still unpacks is a profile.
PngImagePlugin.MAX_TEXT_CHUNK = metadata.PROFILE_LIMIT


class Unreadable(Exception):
    """Bytes that are no picture we can open."""


@dataclass(frozen=True, slots=True)
class Opened:
    """``picture``: upright, in sRGB, as RGB or RGBA, scaled; ``width`` and ``height``: of the
    picture as it came, as it is seen.
    """

    picture: Image.Image
    format: str
    width: int
    height: int

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.format]


def opened(content: bytes, side: int) -> Opened:
    """The whole picture decoded, and within ``side`` pixels; never larger than it was.

    Raises Unreadable, and never decodes past the pixel cap.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _opened(metadata.stripped(content), side)
    except Exception as error:  # Pillow's readers raise whatever a broken file makes of them
        raise Unreadable("The picture cannot be read.") from error


def content_type(content: bytes) -> str:
    """The real type, by a header that Pillow can read."""
    try:
        with Image.open(BytesIO(metadata.stripped(content)), formats=list(EXTENSIONS)) as file:
            return CONTENT_TYPES[str(file.format)]
    except Exception:  # noqa: BLE001  # as above
        return UNKNOWN_TYPE


def _opened(content: bytes, side: int) -> Opened:
    with Image.open(BytesIO(content), formats=list(EXTENSIONS)) as file:
        if file.width * file.height > MAX_PIXELS or max(file.size) > MAX_SIDE:
            raise ValueError("too large")
        (width, height), profile = file.size, file.info.get("icc_profile")
        file.draft(None, (side * 2, side * 2))
        small = _eight_bits(file)
        small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture = ImageOps.exif_transpose(small)
        if file.getexif().get(metadata.ORIENTATION, metadata.UPRIGHT) >= 5:  # on its side
            width, height = height, width
        return Opened(_in_srgb(picture, profile), str(file.format), width, height)


def _eight_bits(file: Image.Image) -> Image.Image:
    """Without palettes, in the colours that the file's profile is about: grey, RGB or CMYK."""
    if file.mode == "I;16":
        return _scaled_greys(file)
    if file.mode == "CMYK":
        return file.copy()
    grey = file.mode in ("1", "L", "LA")
    if file.has_transparency_data:
        return file.convert("LA" if grey else "RGBA")
    return file.convert("L" if grey else "RGB")


def _scaled_greys(file: Image.Image) -> Image.Image:
    """Pillow alone would make white of all that is brighter than 255 of 65,535."""
    grey = file.point(lambda value: value * (255 / 65_535) + 0.0).convert("L")
    if (clear := grey.info.pop("transparency", None)) is not None:
        mask = ImageMath.lambda_eval(
            lambda given: given["convert"]((given["grey"] != clear) * 255, "L"),
            grey=file.convert("I"),
        )
        grey.putalpha(mask)
    return grey


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that were meant, as RGB or RGBA: smaller files are the same to every browser, and
    need not carry the profile, which can be larger than they are.
    """
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    colours = picture.convert(picture.mode.removesuffix("A")) if alpha else picture
    colours = (_applied(colours, profile) if profile else None) or colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _applied(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """None for a profile that is broken, or is not about such pictures."""
    try:
        return ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def webp(picture: Image.Image, side: int) -> bytes:
    """A WebP file of the pixels alone, within ``side``.

    Scales ``picture`` itself, so from the largest side down; never up.
    """
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = BytesIO()
    picture.save(out, "WEBP", quality=WEBP_QUALITY, method=2, icc_profile=None)
    return out.getvalue()


def look(content: bytes) -> str:
    """A picture of at most 512 pixels as a data URL, for a model to look at. Raises Unreadable."""
    with PILLOW:
        small = opened(content, LOOK_SIDE).picture
        if small.mode == "RGBA":
            white = Image.new("RGB", small.size, "white")
            white.paste(small, mask=small.getchannel("A"))
            small = white
        out = BytesIO()
        small.save(out, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
