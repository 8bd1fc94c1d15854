"""Whether this process was asked to end: it opens nothing more and finishes what it can."""

from __future__ import annotations

import time

_asked_at: list[float] = []


def ask() -> None:
    """From a signal handler, so it takes no lock.

    A second call changes nothing: the time to end counts from the first.
    """
    if not _asked_at:
        _asked_at.append(time.monotonic())


def is_asked() -> bool:
    return bool(_asked_at)


def seconds_since_asked() -> float:
    """0.0 while nobody asked."""
    return time.monotonic() - _asked_at[0] if _asked_at else 0.0
