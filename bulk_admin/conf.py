"""The site's ``BULK`` setting, with defaults. 0 turns a bound off."""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "PAGES": "",  # the dotted path of the site's PageAdapter
    "STYLE_NOTE": "",  # what the text model is told of the site's style, unless the adapter says it
    "NO_USE_AFTER": 3,  # billed outcomes in a row that brought no usable picture
    "BREAKER_AFTER": 20,  # pictures in a row that failed or were blocked
    "BREAKER_SHARE": 0.5,  # of at least BREAKER_AFTER pictures
    "SLOW_START": 3,  # calls at once to a model that has not delivered in the last day
}


def bound(name: str) -> Any:
    return getattr(settings, "BULK", {}).get(name, DEFAULTS[name])
