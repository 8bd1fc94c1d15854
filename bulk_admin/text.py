"""Text and counts from outside, made fit to store, to log and to match. Pure.

Providers, storages, text models, sidecars, headers, files and forms: whatever they send may hold
what PostgreSQL refuses (NUL), what no file or socket takes (half a surrogate pair), what a terminal
obeys (control characters), and be of any length. All of it comes in through this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORT = 300  # characters of a message, when nothing else is said
WORDS_LIMIT = 2_000  # of what a provider says, before its meaning is looked for
MOST_TOKENS = 10_000_000  # of one kind in one call; more is not a count
# What programs put between two words where a line breaks softly: dropped, it would join them.
# VT, FF, the file, group, record and unit separators, NEL, the line separator.
SOFT_BREAKS = dict.fromkeys(map(ord, "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028"), " ")
LINE_END = re.compile("\r\n?|\u2029")
NOT_KEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


def storable(text: str) -> str:
    """Line ends are newlines; what cannot be stored or shown is gone. Newlines and tabs stay."""
    return NOT_KEPT.sub("", LINE_END.sub("\n", text).translate(SOFT_BREAKS))


def clean_text(text: object, limit: int = SHORT, *, lines: bool = False) -> str:
    """At most ``limit`` characters of a text from outside; "" for anything that is not a text.

    One line with single spaces, unless it may have ``lines``. Cleaning it again changes nothing.
    """
    if not isinstance(text, str):
        return ""
    # Cut before, so that no length costs time; and after, for what is gone makes room.
    kept = storable(text[: 4 * limit])
    return (kept if lines else " ".join(kept.split())).strip()[:limit].rstrip()


def clean_count(count: object, most: int = MOST_TOKENS) -> int | None:
    """A whole number from 0 to ``most``; None for anything else, true and false among it."""
    if not isinstance(count, int) or isinstance(count, bool):
        return None
    return count if 0 <= count <= most else None


def clean_usage(usage: object) -> dict[str, int]:
    """Token counts by kind. Empty, as when none were reported, if one of them is not a count or all
    are 0: half a usage would book too little, and nothing costs nothing.
    """
    if not isinstance(usage, Mapping):
        return {}
    counts = {clean_text(kind, 30): clean_count(count) for kind, count in usage.items()}
    known = {kind: count for kind, count in counts.items() if kind and count is not None}
    return known if len(known) == len(usage) and any(known.values()) else {}
