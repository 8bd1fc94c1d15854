"""JSON as servers really send it: what stands in it counts, not whether it is flawless.

An answer may have been paid for, and one odd byte in a field that nobody reads must not lose it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

SPACE = re.compile(r"\s*")
STARTS = ("{", "[", '"')
LONGEST_NUMBER = 300  # digits of a whole number; Python refuses to read more than some thousand


def text_of(body: bytes) -> str:
    """A body's text, in whichever Unicode encoding it is; other bytes are replaced."""
    return body.decode(json.detect_encoding(body), "replace")


def read_json(text: str) -> Any:
    """The value that a text begins with, whatever follows it: an object, a list or a text.

    Control characters may stand in it. Raises ValueError for anything else, and for what is nested
    too deep.
    """
    return _read(text, 0)[0]


def read_values(text: str) -> list[Any]:
    """The values that a text begins with, one after the other. Raises ValueError as above."""
    value, end = _read(text, 0)
    values = [value]
    with suppress(ValueError):
        while True:
            value, end = _read(text, end)
            values.append(value)
    return values


def _read(text: str, at: int) -> tuple[Any, int]:
    space = SPACE.match(text, at)
    at = space.end() if space else at
    if not text.startswith(STARTS, at):
        raise ValueError("no JSON")
    try:
        return DECODER.raw_decode(text, at)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def texts_in(value: object) -> Iterator[str]:
    """Every text that a JSON value holds, in its order, however deep."""
    left = [value]
    while left:
        held = left.pop()
        if isinstance(held, str):
            yield held
        elif isinstance(held, Mapping):
            left.extend(reversed([*held.values()]))
        elif isinstance(held, list):
            left.extend(reversed(held))


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_NUMBER else float(digits)


DECODER = json.JSONDecoder(strict=False, parse_int=_number)
