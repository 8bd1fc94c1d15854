"""Text and tags from elsewhere, made fit to store."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

TAG_LIMIT = 50
MARKUP = re.compile(r"<[^<>]*>")
SENTENCE_END = re.compile(r"(?<=[.!?؟।])\s+|(?<=[。！？])")


def one_line(text: str) -> str:
    """Without control characters, which PostgreSQL or a browser may refuse, and with single
    spaces.
    """
    kept = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text
    )
    return " ".join(kept.split())


def without_markup(text: str) -> str:
    return one_line(MARKUP.sub(" ", text))


def sentences(text: str) -> list[str]:
    return [part for part in SENTENCE_END.split(text) if part.strip()]


def clean_tags(names: Iterable[str], most: int | None = None) -> list[str]:
    """Lower case, hyphens for spaces, no commas, each once, in their order."""
    cleaned = (_clean_tag(name) for name in names)
    return list(dict.fromkeys(tag for tag in cleaned if tag and len(tag) <= TAG_LIMIT))[:most]


def _clean_tag(name: str) -> str:
    words = one_line(without_markup(name).lower().replace(",", " ").replace("#", " "))
    return "-".join(words.split(" ")).strip("-.\"'<>")
