"""JSON that people write into a form, bounded before it meets a row or a calculation."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError

LONGEST = 20_000  # characters of the whole
DEEPEST = 5
LARGEST_NUMBER = 10**15
NOT_JSON = "This is not JSON."


def read(text: str) -> Any:
    """The value that the text writes. Raises ValidationError for unsound JSON."""
    if len(text) > LONGEST:
        raise ValidationError(f"Write at most {LONGEST:,} characters.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a number of 5,000 digits is a plain ValueError
        raise ValidationError(NOT_JSON) from None
    check(value)
    return value


def check(value: Any) -> None:
    """Raise ValidationError for what a database or a calculation cannot hold: NaN, a huge number,
    a NUL or half a surrogate pair in a text, too many levels.
    """
    if problem := _problem(value, DEEPEST):
        raise ValidationError(problem)


def _problem(value: Any, levels: int) -> str:
    match value:
        case bool() | None:
            return ""
        case int() | float():
            is_sound = abs(value) <= LARGEST_NUMBER  # false for NaN
            return "" if is_sound else f"A number must lie within ±{LARGEST_NUMBER:,}."
        case str():
            return "" if _is_sound(value) else "A text holds a character that cannot be stored."
        case dict() | list() if not levels:
            return f"It has more than {DEEPEST} levels."
        case dict():
            parts = [part for pair in value.items() for part in pair]
        case list():
            parts = value
        case _:
            return NOT_JSON
    return next(filter(None, (_problem(part, levels - 1) for part in parts)), "")


def _is_sound(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
