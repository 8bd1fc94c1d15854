"""Numbers, sizes and times as a person reads them."""

from __future__ import annotations


def times(size: str) -> str:
    """ "1024x1024" as people write it."""
    return size.replace("x", "×")


def duration(seconds: float) -> str:
    """ "9 s", "3 min", "2 h 5 min": as exact as a person needs."""
    whole = round(seconds)
    if whole < 100:
        return f"{max(whole, 1)} s"
    minutes = round(whole / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
