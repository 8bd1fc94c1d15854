"""When each page of a spread is published. Pure: the same wishes at the same moment give the same
times.

A spread that was held up goes on from the next slot on, at as many a day: plan again what is left.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise

MOST_A_DAY = 200
MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wishes:
    """``weekdays``: 0 is Monday; at least one. The day's pages go out from ``first`` to ``last``,
    both included; ``last`` is later.
    """

    per_day: int
    start: dt.date
    first: dt.time
    last: dt.time
    weekdays: frozenset[int]
    mixed: bool = True  # no two of one category in a row, as far as there are others


@dataclass(frozen=True, slots=True)
class Slot:
    page_id: int
    at: dt.datetime


def plan(
    pages: Sequence[tuple[int, int | None]], wishes: Wishes, zone: dt.tzinfo, now: dt.datetime
) -> list[Slot]:
    """A moment after ``now`` for each page, given as (id, category); earliest first."""
    ordered = mixed(pages) if wishes.mixed else list(pages)
    times = islice(_times(wishes, zone, now), len(ordered))
    return [Slot(page_id, at) for (page_id, _), at in zip(ordered, times, strict=True)]


def _times(wishes: Wishes, zone: dt.tzinfo, now: dt.datetime) -> Iterator[dt.datetime]:
    for days in count():
        day = wishes.start + dt.timedelta(days=days)
        if day.weekday() in wishes.weekdays:
            yield from (at for at in _of_day(day, wishes, zone) if at > now)


def _of_day(day: dt.date, wishes: Wishes, zone: dt.tzinfo) -> list[dt.datetime]:
    """Evenly from the first to the last, in whole minutes; a day's clock may be put on meanwhile,
    so they are counted in UTC.
    """
    first, last = (
        dt.datetime.combine(day, time, zone).astimezone(dt.UTC)
        for time in (wishes.first, wishes.last)
    )
    parts = max(wishes.per_day - 1, 1)
    return [first + (last - first) * n // parts // MINUTE * MINUTE for n in range(wishes.per_day)]


def mixed(pages: Sequence[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """In an order with as few neighbours of one category as there can be.

    The category with most pages left comes next unless it came last; of several the one whose page
    comes first. A page without one is like no other.
    """
    waiting = dict(pages)
    left = Counter(category for _, category in pages if category is not None)
    order: list[tuple[int, int | None]] = []
    last: int | None = None
    while waiting:
        page_id = _next(waiting, left, last)
        last = waiting.pop(page_id)
        if last is not None:
            left[last] -= 1
        order.append((page_id, last))
    return order


def _next(waiting: dict[int, int | None], left: Counter[int], last: int | None) -> int:
    def rank(page_id: int) -> tuple[bool, int]:
        category = waiting[page_id]
        is_repeat = category is not None and category == last
        return is_repeat, -(left[category] if category is not None else 1)

    return min(waiting, key=rank)  # the first of several


def repeats(pages: Sequence[tuple[int, int | None]]) -> int:
    """How many pages follow one of their own category."""
    categories = [category for _, category in pages]
    return sum(one is not None and one == another for one, another in pairwise(categories))
