"""The one cleaner of prompt text."""

from __future__ import annotations

import unicodedata

from bulk_admin.text import LINE_END, storable

from .rows import MAX_LINES, IntakeError


def clean(prompt: str) -> str:
    """One prompt as it is kept: line ends are newlines, what cannot be shown or stored is gone,
    the ends are trimmed; "" when nothing is left that can be seen.

    Every service that saves a prompt calls it, so that the same text has one spelling.
    """
    kept = storable(prompt).strip()
    return "" if is_blank(kept) else kept


def clean_paste(text: str) -> str:
    """A text of many prompts, cleaned likewise. Raises IntakeError on NUL and on too many lines."""
    if "\0" in text:
        line = LINE_END.sub("\n", text[: text.index("\0")]).count("\n") + 1
        raise IntakeError(f"Line {line} holds a NUL character. Remove it.")
    text = storable(text).rstrip("\n")
    lines = text.count("\n") + 1
    if lines > MAX_LINES:
        raise IntakeError(
            f"{lines:,} lines are too many: at most {MAX_LINES:,} at a time. Split them."
        )
    return text


def is_blank(text: str) -> bool:
    return all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)
