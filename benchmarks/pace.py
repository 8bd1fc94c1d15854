"""What the calls' times at the till say about the use of a limit."""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Sequence


def within(arrivals: Sequence[float], seconds: float) -> int:
    """Calls in the first so many seconds from the first one on."""
    return bisect_left(arrivals, arrivals[0] + seconds) if arrivals else 0


def most_in_a_window(arrivals: Sequence[float], window: float) -> int:
    """The most calls that any window holds, wherever it begins. Sorted times."""
    return max(
        (bisect_left(arrivals, start + window) - number for number, start in enumerate(arrivals)),
        default=0,
    )


def cycle(arrivals: Sequence[float], limit: int) -> float | None:
    """The median time from a call to the limit-th one after it: the window's length if every slot
    is used at once.

    It tells the steady share of the limit, whatever part of a cycle the run was cut at.
    """
    gaps = [after - before for before, after in zip(arrivals, arrivals[limit:], strict=False)]
    return statistics.median(gaps) if gaps else None
