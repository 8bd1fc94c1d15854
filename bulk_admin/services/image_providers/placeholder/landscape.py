"""Draws a quiet landscape from a text: sky, sun or moon, hills in the haze.

The same text draws the same picture.
"""

from __future__ import annotations

import colorsys
import functools
import hashlib
import math
import random
from collections.abc import Iterator

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]

CANVAS = (
    640  # longest edge that is really drawn; bigger pictures are enlarged, for soft edges and speed
)
LAYERS = 5
LABEL = "PLACEHOLDER"
LONGEST_LABEL = 60
CREAM: Colour = (253, 235, 210)
MOON: Colour = (236, 240, 250)
GLOW_EDGE = 79  # what the gradient of Pillow still holds in the middle of its edges


def draw(text: str, width: int, height: int) -> Image.Image:
    seed = hashlib.sha256(f"{text}|{width}x{height}".encode()).digest()
    chance = random.Random(seed)  # noqa: S311  # it draws a picture, and keeps no secret
    scale = min(1.0, CANVAS / max(width, height))
    small = max(1, round(width * scale)), max(1, round(height * scale))
    night = chance.random() < 0.25
    palette = _palette(chance, night)
    picture = _sky(small, palette)
    if night:
        _stars(picture, chance)
    _light(picture, chance, MOON if night else CREAM, palette)
    for depth, ridge in enumerate(_ridges(small, chance)):
        _hill(picture, ridge, palette.hill(depth / (LAYERS - 1)), palette.horizon)
    if scale < 1:
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    _label(picture, text)
    return picture


class _Palette:
    """One hue for the sky, a neighbour for the hills, from pale far away to nearly black close
    by.
    """

    def __init__(self, hue: float, drift: float, night: bool) -> None:
        self.hue, self.drift = hue, drift
        self.top = _hsv(hue, 0.55, 0.22) if night else _hsv(hue, 0.38, 0.97)
        self.horizon = (
            _hsv(hue + drift / 2, 0.45, 0.50) if night else _hsv(hue + drift / 3, 0.52, 0.66)
        )
        self.near = 0.10 if night else 0.16
        self.far = 0.42 if night else 0.60

    def hill(self, depth: float) -> Colour:
        return _hsv(
            self.hue + self.drift * (0.6 + depth),
            0.40 + 0.22 * depth,
            self.far + (self.near - self.far) * depth,
        )


def _palette(chance: random.Random, night: bool) -> _Palette:
    hue = chance.choice((0.56, 0.62, 0.67, 0.74)) if night else chance.random()
    return _Palette(
        hue + chance.uniform(-0.04, 0.04),
        chance.uniform(0.05, 0.13) * chance.choice((-1, 1)),
        night,
    )


def _sky(size: tuple[int, int], palette: _Palette) -> Image.Image:
    width, height = size
    fall = Image.linear_gradient("L").resize((1, height), Image.Resampling.BILINEAR)
    # The horizon lies at three fifths: below it are hills.
    fall = fall.point([min(255, round(value * 1.5)) for value in range(256)]).resize(
        (width, height)
    )
    return Image.composite(
        Image.new("RGB", size, palette.horizon), Image.new("RGB", size, palette.top), fall
    )


def _stars(picture: Image.Image, chance: random.Random) -> None:
    pen = ImageDraw.Draw(picture)
    for _ in range(90):
        x, y, glow = (
            chance.random() * picture.width,
            chance.random() ** 1.4 * picture.height * 0.55,
            chance.randint(150, 235),
        )
        radius = chance.uniform(0.3, 1.1)
        pen.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=(glow, glow, min(255, glow + 15))
        )


def _light(picture: Image.Image, chance: random.Random, colour: Colour, palette: _Palette) -> None:
    """A soft disc with a wide glow around it."""
    edge = min(picture.size)
    radius = edge * chance.uniform(0.06, 0.125)
    x, y = picture.width * chance.uniform(0.18, 0.82), picture.height * chance.uniform(0.16, 0.36)
    reach = round(radius * 9)
    glow = (
        ImageChops.invert(Image.radial_gradient("L"))
        .resize((reach, reach))
        .point(
            [
                round(max(0.0, (value - GLOW_EDGE) / (255 - GLOW_EDGE)) ** 2 * 110)
                for value in range(256)
            ]
        )
    )
    picture.paste(
        _mix(colour, palette.top, 0.25), (round(x - reach / 2), round(y - reach / 2)), glow
    )
    disc = Image.new("L", (round(radius * 3), round(radius * 3)))
    middle = disc.width / 2
    ImageDraw.Draw(disc).ellipse(
        (middle - radius, middle - radius, middle + radius, middle + radius), fill=245
    )
    picture.paste(
        colour,
        (round(x - middle), round(y - middle)),
        disc.filter(ImageFilter.GaussianBlur(max(1.0, radius * 0.07))),
    )


def _ridges(size: tuple[int, int], chance: random.Random) -> Iterator[list[float]]:
    width, height = size
    base, step = chance.uniform(0.46, 0.56), chance.uniform(0.092, 0.108)
    for depth in range(LAYERS):
        waves = [
            (
                chance.uniform(0.5, 1.3) * power,
                chance.uniform(0.7, 1.5) * power,
                chance.uniform(0, math.tau),
            )
            for power in (1, 2, 4)
        ]
        rise = height * (0.045 - 0.004 * depth)
        level = height * (base + step * depth)
        yield [
            level
            - sum(
                rise / many * math.sin(x / width * math.tau * many + phase)
                for _, many, phase in waves
            )
            for x in range(0, width + 6, 3)
        ]


def _hill(picture: Image.Image, ridge: list[float], colour: Colour, haze: Colour) -> None:
    """A hill is a little lighter along its foot, where the haze of the valley begins."""
    shape = Image.new("L", picture.size)
    points = [(index * 3.0, y) for index, y in enumerate(ridge)]
    ImageDraw.Draw(shape).polygon(
        [*points, (points[-1][0], picture.height), (0, picture.height)], fill=255
    )
    top = max(0, math.floor(min(ridge)))
    ground = Image.new("RGB", picture.size, colour)
    fade = (
        Image.linear_gradient("L")
        .resize((1, max(1, round(picture.height * 0.2))))
        .point([round(value * 0.22) for value in range(256)])
    )
    ground.paste(
        Image.new("RGB", (picture.width, fade.height), haze),
        (0, top),
        fade.resize((picture.width, fade.height)),
    )
    picture.paste(ground, (0, 0), shape)


def _label(picture: Image.Image, text: str) -> None:
    """Small, low in a corner: what it is, and the first words of the prompt."""
    edge = min(picture.size)
    size = max(9, round(edge / 46))
    margin = max(3, round(edge / 38))
    small, plain = _font(max(8, round(size * 0.72))), _font(size)
    words = _first_words(text, plain, picture.width - 2 * margin)
    mask = Image.new("L", (picture.width, margin + size * 3))
    pen, bottom = ImageDraw.Draw(mask), mask.height - margin
    pen.text((margin, bottom), words, font=plain, fill=190, anchor="ls")
    if edge >= 96:
        pen.text((margin, bottom - round(size * 1.35)), LABEL, font=small, fill=150, anchor="ls")
    picture.paste((255, 255, 255), (0, picture.height - mask.height), mask)


def _first_words(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    line = "".join(
        letter for letter in " ".join(text.split())[:LONGEST_LABEL] if letter.isprintable()
    )
    if len(line) == LONGEST_LABEL and " " in line:
        line = f"{line.rpartition(' ')[0]}…"
    while line and font.getlength(line) > room:
        line = f"{line[:-2].rstrip()}…" if len(line) > 2 else ""
    return line


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
