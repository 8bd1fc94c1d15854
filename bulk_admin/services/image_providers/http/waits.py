"""How long a provider asks to wait, in all the ways that providers and their proxies say it."""

from __future__ import annotations

import datetime as dt
import email.utils
import math
import re
import time
from collections.abc import Mapping

from bulk_admin.text import WORDS_LIMIT

LONGEST = 86_400.0  # a day: who asks for more has meant something else

FRACTIONS = (1, 1e3, 1e6, 1e9)  # of a second, in which moments are counted
UNITS = {
    1e-3: "ms msec msecs millisecond milliseconds",
    1.0: "s sec secs second seconds",
    60.0: "m min mins minute minutes",
    3_600.0: "h hr hrs hour hours",
    86_400.0: "d day days",
    604_800.0: "week weeks month months",  # more than a day, that is
}
SECONDS = {name: seconds for seconds, names in UNITS.items() for name in names.split()}
NUMBER = r"\d{1,15}(?:\.\d{0,15})?"
UNIT = f"(?:{'|'.join(sorted(SECONDS, key=len, reverse=True))})(?![a-z])"
PART = re.compile(rf"({NUMBER})\s{{0,3}}({UNIT})")
SPAN = rf"{NUMBER}\s{{0,3}}{UNIT}(?:(?:\s|,|and){{0,6}}{NUMBER}\s{{0,3}}{UNIT}){{0,4}}"
ONLY_A_SPAN = re.compile(SPAN)
ASKS = (
    r"\b(?:try(?:ing)?(?: again)?|retry(?:ing)?|retry[-_ ]?after|retry[-_ ]?delay|reset(?:s|ting)?"
    r"|wait(?:ing)?|available(?: again)?|limited|cool ?down|estimated[_ ]time)\b"
)
BETWEEN = r"[\s\"':=~]{0,4}"
FROM_NOW = r"(?:(?:\s[a-z]{1,12}){0,4}?\s(?:in|after|for|within|at least)\b)?"
ABOUT = r"(?:\s(?:about|around|approximately|approx\.|another|the next|up to))?"
SENTENCE = re.compile(
    rf"{ASKS}{FROM_NOW}{ABOUT}{BETWEEN}"
    rf"(?P<span>{SPAN}|{NUMBER}(?![\w:/-]|\s(?:{UNIT})))"
)
ONE = re.compile(rf"\b(?:an?|one)(?=\s{UNIT})")


def wait_of(headers: Mapping[str, str], text: str) -> float | None:
    """Seconds to wait, from 0 to a day: from ``Retry-After`` and its like, else from the sentence
    in the answer, else from the headers that say when a limit resets.

    None when none of them says so; what is not a time (negative, ``nan``, ``inf``) says nothing.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    for seconds in (
        _read(_named("retry-after-ms", by_name), 1e-3),
        _read(_named("retry-after", by_name)),
        _in_words(text),
        _of_resets(by_name),
    ):
        if seconds is not None:
            return min(seconds, LONGEST)
    return None


def _named(ending: str, headers: Mapping[str, str]) -> str:
    """Of ``retry-after``, else of the likes of ``x-ms-retry-after``."""
    names = (name for name in headers if name.endswith(f"-{ending}"))
    return next((headers[name] for name in (ending, *names) if headers.get(name)), "")


def _read(value: str, unit: float = 1.0) -> float | None:
    """A number of seconds (or of ``unit``), a span such as 1m30s or PT1M30S, a moment in seconds or
    smaller parts of one since 1970, or a date. Of several, joined by commas, the longest.
    """
    value = value[:100].strip(" \t\"';,")
    number = _number(value)
    if number is not None:
        return max(0.0, moment - time.time()) if (moment := _moment(number)) else number * unit
    span = value.lower().removeprefix("pt")
    if ONLY_A_SPAN.fullmatch(span):
        return _seconds(span)
    if (seconds := _until_date(value)) is not None or "," not in value:
        return seconds
    each = [_read(part, unit) for part in value.split(",")]
    return max((part for part in each if part is not None), default=None)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(number: float) -> float | None:
    """A number that is a moment of these days: no wait is that long, and some servers count so."""
    moments = (number / fraction for fraction in FRACTIONS)
    return next((each for each in moments if abs(each - time.time()) <= LONGEST), None)


def _until_date(value: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        try:
            moment = dt.datetime.fromisoformat(value.removesuffix(" UTC"))
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _in_words(text: str) -> float | None:
    found = SENTENCE.search(ONE.sub("1", text[: 2 * WORDS_LIMIT].lower()))
    return _read(found["span"]) if found else None


def _seconds(span: str) -> float:
    """Of 1h12m0s or 60 seconds."""
    return sum(float(number) * SECONDS[unit] for number, unit in PART.findall(span))


def _of_resets(headers: Mapping[str, str]) -> float | None:
    """The longest wait of the limits that are used up, or of all when none is."""
    waits: dict[bool, list[float]] = {True: [], False: []}
    for name, value in headers.items():
        is_one = "ratelimit" in name and "reset" in name
        if is_one and (seconds := _read(value)) is not None:
            is_used_up = headers.get(name.replace("reset", "remaining"), "").strip() == "0"
            waits[is_used_up].append(seconds)
    return max(waits[True] or waits[False], default=None)
