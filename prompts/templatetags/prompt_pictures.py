"""Pictures of a page with their true widths, and its facts for search engines."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from prompts.models import Prompt
from prompts.services import page_files

register = template.Library()
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.inclusion_tag("prompts/_picture.html")
def picture(page: Prompt, sizes: str, *, is_first: bool = False) -> dict[str, Any]:
    """An <img> that lets the browser choose; ``is_first`` is one that is seen at once."""
    by_width = {variant["width"]: variant["key"] for variant in page.variants}
    urls = [(page_files.url(page, key), width) for width, key in sorted(by_width.items())]
    return {
        "page": page,
        "src": urls[-1][0] if urls else image_url(page),
        "srcset": ", ".join(f"{url} {width}w" for url, width in urls),
        "sizes": sizes,
        "is_first": is_first,
    }


@register.filter
def image_url(page: Prompt) -> str:
    """The picture as it came from the model, or ""."""
    return page_files.url(page, page.image) if page.image else ""


@register.simple_tag
def json_ld(facts: dict[str, Any]) -> SafeString:
    """A data block that no text can end: ``<`` is written as an escape, as Django's json_script
    does.
    """
    text = mark_safe(json.dumps(facts).translate(ESCAPES))  # noqa: S308  # ESCAPES makes it so
    return format_html('<script type="application/ld+json">{}</script>', text)
