"""The one writer of CSV. No spreadsheet runs a cell of it: what begins like a formula is text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain

# What Excel, LibreOffice and Sheets take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for another encoding


def lines(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """A file in UTF-8, line by line, as its rows come."""
    line = StringIO()
    writer = csv.writer(line)
    yield MARK
    for row in chain([header], rows):
        writer.writerow([_text(cell) for cell in row])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _text(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
