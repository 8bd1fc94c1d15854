"""Whether this process was asked to end: it opens nothing more and finishes what it can."""

from __future__ import annotations

import threading
import time

_asked = threading.Event()
_asked_at: list[float] = []


def ask() -> None:
    """From a signal handler: a second call changes nothing, the time to end counts from the first."""
    if not _asked.is_set():
        _asked_at.append(time.monotonic())
        _asked.set()


def is_asked() -> bool:
    return _asked.is_set()


def seconds_since_asked() -> float:
    """0.0 while nobody asked."""
    return time.monotonic() - _asked_at[0] if _asked.is_set() else 0.0


def forget() -> None:
    """For a process that goes on after all: a test's."""
    _asked.clear()
    _asked_at.clear()
