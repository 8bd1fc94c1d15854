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

MOMENT_IN_MS = 1e11  # a moment of today is more than that only when it is counted in milliseconds

UNITS = {
    1e-3: "ms msec msecs millisecond milliseconds",
    1.0: "s sec secs second seconds",
    60.0: "m min mins minute minutes",
    3_600.0: "h hr hrs hour hours",
    86_400.0: "d day days",
}
SECONDS = {name: seconds for seconds, names in UNITS.items() for name in names.split()}
NUMBER = r"\d{1,15}(?:\.\d{0,15})?"
UNIT = f"(?:{'|'.join(sorted(SECONDS, key=len, reverse=True))})(?![a-z])"
PART = re.compile(rf"({NUMBER})\s{{0,3}}({UNIT})")
SPAN = rf"{NUMBER}\s{{0,3}}{UNIT}(?:(?:\s|,|and){{0,6}}{NUMBER}\s{{0,3}}{UNIT}){{0,4}}"
ONLY_A_SPAN = re.compile(SPAN)
ASKS = (
    r"\b(?:try(?:ing)? again|retry(?:ing)?|retry[- ]?after|retry[- ]?delay|reset(?:s|ting)?"
    r"|wait(?:ing)?|available(?: again)?)\b"
)
BETWEEN = r"[\s\"':=~]{0,4}"
SENTENCE = re.compile(
    rf"{ASKS}{BETWEEN}(?:in|after|for|at least)?{BETWEEN}"
    rf"(?P<span>{SPAN}|{NUMBER}(?![\w:/-]))"
)


def wait_of(headers: Mapping[str, str], text: str) -> float | None:
    """Seconds to wait, from 0 to a day: from ``Retry-After`` and its like, else from the sentence
    in the answer, else from the headers that say when a limit resets.

    None when none of them says so; what is not a time (negative, ``nan``, ``inf``) says nothing.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    for seconds in (
        _read(by_name.get("retry-after-ms", ""), 1e-3),
        _read(by_name.get("retry-after", "")),
        _in_words(text),
        _of_resets(by_name),
    ):
        if seconds is not None:
            return min(seconds, LONGEST)
    return None


def _read(value: str, unit: float = 1.0) -> float | None:
    """A number of seconds (or of ``unit``), a span such as 1m30s, a moment in seconds or
    milliseconds since 1970, or a date.
    """
    value = value.strip()[:100]
    number = _number(value)
    if number is not None:
        return max(0.0, moment - time.time()) if (moment := _moment(number)) else number * unit
    if ONLY_A_SPAN.fullmatch(value.lower()):
        return _seconds(value.lower())
    return _until_date(value)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(number: float) -> float | None:
    """A number that is a moment of these days: no wait is that long, and some servers count so."""
    moment = number / 1_000 if number > MOMENT_IN_MS else number
    return moment if abs(moment - time.time()) <= LONGEST else None


def _until_date(value: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _in_words(text: str) -> float | None:
    found = SENTENCE.search(text[:WORDS_LIMIT].lower())
    return _seconds(found["span"]) if found else None


def _seconds(span: str) -> float:
    """Of 1h12m0s, 60 seconds, or a number alone, which is in seconds."""
    parts = PART.findall(span)
    if not parts:
        return float(span)
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def _of_resets(headers: Mapping[str, str]) -> float | None:
    """The longest wait of the limits that are used up, or of all when none is."""
    waits: dict[bool, list[float]] = {True: [], False: []}
    for name, value in headers.items():
        limit, reset, kind = name.partition("ratelimit-reset")
        if reset and (seconds := _read(value)) is not None:
            is_used_up = headers.get(f"{limit}ratelimit-remaining{kind}", "").strip() == "0"
            waits[is_used_up].append(seconds)
    return max(waits[True] or waits[False], default=None)
