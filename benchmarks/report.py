"""What a benchmark says: one line a figure, with what it is held against and how busy the machine
was.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import sys
from collections.abc import Sequence

HEAD = ("Question", "Run", "Figure", "Against", "Ratio", "Load", "Date")


def load() -> str:
    """Processes that wanted to run in the last minute; above the number of cores, a figure is worth
    less.
    """
    return f"{os.getloadavg()[0]:.1f}"


def head() -> None:
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)


def tell(question: str, run: str, figure: str, against: str = "", ratio: str = "") -> None:
    """Print one row of the table, as Markdown."""
    row = (
        question,
        run,
        figure,
        against,
        ratio,
        load(),
        dt.datetime.now(dt.UTC).date().isoformat(),
    )
    print(f"| {' | '.join(row)} |", flush=True)


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """The median and the 95th of a hundred; not a number when there is none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan"), float("nan")
    return statistics.median(ordered), ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
