"""What the catalogue's free-form fields must look like.

Pure: each answers "" or the sentence that says what to correct.

The form asks before it saves, and the price functions ask again: a rule that is not sound is no
rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bulk_admin.money import MICRO, usd

SIZE_KEYS = ("multiple", "longest", "min_pixels", "max_pixels", "max_ratio")
TOKEN_KEYS = ("rule", "factors", "percent", "ceiling_percent")
AREA_KEYS = ("base", "per_megapixel")
# What a flat price is looked up by: "quality|size", "quality|*", "*|size" or "*".
FLAT_KEY = re.compile(
    r"\*|[a-z0-9_-]{0,12}\|(\*|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})|\*\|[1-9][0-9]{1,4}x[1-9][0-9]{1,4}"
)
MOST_A_PICTURE = 1_000_000 * MICRO
LARGEST_COUNT = 1_000_000_000  # of pixels and tokens
A_COUNT = f"a whole number from 1 to {LARGEST_COUNT:,}"
LARGEST_RATIO = 1_000
MOST_TEXTS = 100
LONGEST_TEXT = 40


def is_amount(value: Any) -> bool:
    """Whole micro-dollars, 0 included.

    True and 1.0 are none: nobody who writes them means micro-dollars.
    """
    return type(value) is int and 0 <= value <= MOST_A_PICTURE


def flat_prices(table: Any) -> str:
    """Of ``ModelPrice.per_image``."""
    if not isinstance(table, dict):
        return 'Flat prices are a JSON object, as {"*": 40000}, or {}.'
    for key, value in table.items():
        if key not in AREA_KEYS and not FLAT_KEY.fullmatch(key):
            return (
                f"{_shown(key)} is no key of a flat price: write “quality|size”, with “*” for any,"
                " or “*” alone, or “base” and “per_megapixel”."
            )
        if not is_amount(value):
            return (
                f"The price of {_shown(key)} is {_shown(value)}: write whole micro-dollars, {MICRO}"
                f" for {usd(MICRO)}.{_meant(value)}"
            )
    if "base" in table and "per_megapixel" not in table:
        return "A “base” needs “per_megapixel” beside it; a price for every picture alike is “*”."
    return ""


def _meant(value: Any) -> str:
    if type(value) is not float or not 0 < value < MOST_A_PICTURE / MICRO or value * MICRO % 1:
        return ""
    return f" {usd(int(value * MICRO))} is {int(value * MICRO)}."


def size_rule(rule: Any) -> str:
    """Of ``ImageModel.size_rule``."""
    if rule == {}:
        return ""
    if problem := _keys(rule, "A size rule", SIZE_KEYS, needed=SIZE_KEYS):
        return problem
    if wrong := [key for key in SIZE_KEYS if key != "max_ratio" and not _is_count(rule[key])]:
        return f"{_shown(wrong[0])} must be {A_COUNT}."
    ratio = rule["max_ratio"]
    if type(ratio) not in (int, float) or not 1 <= ratio <= LARGEST_RATIO:
        return f"“max_ratio” must be a number from 1 to {LARGEST_RATIO:,}."
    return (
        ""
        if rule["min_pixels"] <= rule["max_pixels"]
        else "“min_pixels” is more than “max_pixels”."
    )


def token_rule(rule: Any) -> str:
    """Of ``ImageModel.token_rule``."""
    if rule in ({}, {"rule": "none"}):
        return ""
    if problem := _keys(rule, "A token rule", TOKEN_KEYS, needed=("rule", "factors")):
        return problem
    if rule["rule"] != "patches":
        return "“rule” must be “patches”, or “none” alone."
    if not rule["factors"]:
        return "“factors” must have a whole number for each quality."
    for key, is_sound, what in (
        ("factors", _is_count, A_COUNT),
        ("percent", _is_range, "a pair of whole numbers, the lower first"),
        ("ceiling_percent", _is_count, A_COUNT),
    ):
        values = rule.get(key, {})
        if not isinstance(values, dict) or not all(map(is_sound, values.values())):
            return f"{_shown(key)} must be a JSON object with {what} for each quality."
    return ""


def texts(value: Any) -> str:
    """Of a list: sizes, qualities, formats, backgrounds."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return 'Write a JSON list of texts, as ["low", "high"], or [].'
    if len(value) > MOST_TEXTS or any(len(each) > LONGEST_TEXT for each in value):
        return f"Write at most {MOST_TEXTS} texts of at most {LONGEST_TEXT} characters."
    return ""


def names(value: Any, known: Iterable[str]) -> str:
    """Of a list of names that the code reads: one that it does not know would do nothing."""
    if problem := texts(value):
        return problem
    unknown = [each for each in value if each not in known]
    return f"{_shown(unknown[0])} is none of: {', '.join(sorted(known))}." if unknown else ""


def _keys(rule: Any, name: str, known: Iterable[str], *, needed: Iterable[str]) -> str:
    if not isinstance(rule, dict):
        return f"{name} is a JSON object, or {{}}."
    if unknown := [key for key in rule if key not in known]:
        return f"{name} has no {_shown(unknown[0])}: it takes {', '.join(known)}."
    missing = [key for key in needed if key not in rule]
    return f"{name} needs {', '.join(missing)} too." if missing else ""


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_COUNT


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(map(_is_count, value))
        and value[0] <= value[1]
    )


def _shown(value: Any) -> str:
    return f"“{str(value)[:40]}”"
