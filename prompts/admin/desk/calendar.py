"""The weeks of a spread. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MOST_WEEKS = 8
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Day:
    date: dt.date
    pages: int
    is_today: bool
    is_past: bool

    @property
    def look(self) -> str:
        """Its classes."""
        kind = "is-set" if self.pages else "" if self.is_past else "is-free"
        return f"{kind} is-today" if self.is_today else kind


def weeks_of(dates: Sequence[dt.date], today: dt.date) -> list[list[Day]]:
    """From the Monday before the first date to the Sunday after the last one, which a long spread
    does not reach.
    """
    if not dates:
        return []
    counts = Counter(dates)
    monday = min(dates) - dt.timedelta(days=min(dates).weekday())
    weeks = min((max(dates) - monday) // WEEK + 1, MOST_WEEKS)
    return [
        [
            Day(date, counts[date], date == today, date < today)
            for date in (monday + week * WEEK + day * DAY for day in range(7))
        ]
        for week in range(weeks)
    ]
