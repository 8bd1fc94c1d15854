"""Widgets of the New job form: choices that say why they are closed, and shapes drawn as boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import SafeString

from bulk_admin.services.image_providers.base import parse_size

NAMED_RATIOS = ((1, 1), (5, 4), (4, 3), (3, 2), (16, 9), (2, 1), (3, 1))
BOX = 28  # the longer side of a drawn shape


class SelectWithReasons(forms.Select):
    """``closed`` are the values that cannot be chosen; their labels say why."""

    closed: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.closed:
            option["attrs"]["disabled"] = True
        return option


class RadioCards(forms.RadioSelect):
    """Radio inputs as cards; ``describe`` gives a card what its template draws beside the label."""

    template_name = "adminpack/widgets/cards.html"
    option_template_name = "adminpack/widgets/card.html"
    describe: Callable[[str], Mapping[str, Any]] = staticmethod(lambda value: {})

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        """By the project's templates, where ours are, whatever renders its other forms."""
        ours = TemplatesSetting()
        draw: Any = super()._render  # type: ignore[misc]  # unstubbed
        drawn: SafeString = draw(template_name, context, ours)
        return drawn

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, *args, **kwargs) | dict(self.describe(str(value)))


def shape(size: str) -> dict[str, Any]:
    """How to draw and name a size, as "1536x1024": its box, "3:2", and the pixels."""
    try:
        width, height = parse_size(size)
    except ValueError:
        return {"label": size}
    longest = max(width, height)
    box = {"width": round(BOX * width / longest), "height": round(BOX * height / longest)}
    box |= {
        "x": (BOX - box["width"]) // 2 + 2,
        "y": (BOX - box["height"]) // 2 + 2,
        "side": BOX + 4,
    }
    return {"label": ratio(width, height), "small": f"{width}×{height}", "box": box}


def ratio(width: int, height: int) -> str:
    """ "16:9" also for sizes that are only near it, as 2048x1152 and 1536x864 are, or 1792x1024."""
    long, short = max(width, height), min(width, height)
    named = min(NAMED_RATIOS, key=lambda pair: abs(long / short - pair[0] / pair[1]))
    if abs(long / short - named[0] / named[1]) > 0.03 * long / short:
        divisor = gcd(long, short)
        named = (long // divisor, short // divisor)
    first, second = named if width >= height else (named[1], named[0])
    return f"{first}:{second}"
