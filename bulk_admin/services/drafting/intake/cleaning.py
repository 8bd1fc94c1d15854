"""The one cleaner of prompt text."""

from __future__ import annotations

import unicodedata

from .rows import MAX_LINES, IntakeError


def clean(prompt: str) -> str:
    """One prompt as it is kept: line ends are newlines, what cannot be shown or stored is gone,
    the ends are trimmed; "" when nothing is left that can be seen.

    Every service that saves a prompt calls it, so that the same text has one spelling.
    """
    kept = "".join(filter(_is_kept, _newlines(prompt))).strip()
    return "" if is_blank(kept) else kept


# What programs put between two words where a line breaks softly: dropped, it would join them.
# VT, FF, the file, group, record and unit separators, NEL, the line separator.
SOFT_BREAKS = dict.fromkeys(map(ord, "\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028"), " ")


def _newlines(text: str) -> str:
    return (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\u2029", "\n")
        .translate(SOFT_BREAKS)
    )


def clean_paste(text: str) -> str:
    """A text of many prompts, cleaned likewise. Raises IntakeError on NUL and on too many lines."""
    text = _newlines(text).rstrip("\n")
    if "\0" in text:
        raise IntakeError(
            f"Line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a NUL character."
            " Remove it."
        )
    lines = text.count("\n") + 1
    if lines > MAX_LINES:
        raise IntakeError(
            f"{lines:,} lines are too many: at most {MAX_LINES:,} at a time. Split them."
        )
    return "".join(filter(_is_kept, text))


def _is_kept(char: str) -> bool:
    return char in "\n\t" or (char != "\ufeff" and unicodedata.category(char) not in ("Cc", "Cs"))


def is_blank(text: str) -> bool:
    return all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)
