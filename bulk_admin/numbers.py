"""Whole numbers as addresses, forms and command lines write them.

Their length is judged before they are read: a number of a million digits costs minutes.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable

LARGEST_ID = 2**63 - 1  # what a database's whole number holds
DIGITS = re.compile(r"[0-9]{1,19}")


def whole(text: str, *, most: int = LARGEST_ID) -> int | None:
    """The number from 0 to ``most`` that ASCII digits write; None for anything else."""
    if not DIGITS.fullmatch(text):
        return None
    number = int(text)
    return number if number <= most else None


def ids_in(text: str) -> list[int]:
    """The numbers of "1,2,3". Anything that is not a number is left out."""
    return [number for part in text.split(",") if (number := whole(part)) is not None]


def whole_argument(least: int, most: int) -> Callable[[str], int]:
    """``type`` of a command's option; a number outside the bounds is refused with them."""

    def read(text: str) -> int:
        number = whole(text, most=most)
        if number is None or number < least:
            raise ArgumentTypeError(f"write a whole number from {least} to {most}")
        return number

    return read
