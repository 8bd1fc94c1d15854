"""Pasted text and dropped files become rows. Pure: bytes in, rows and complaints out."""

from __future__ import annotations

from pathlib import PurePath

from .cleaning import clean, clean_paste
from .files import decode, shown_name
from .rows import (
    MAX_BYTES,
    MAX_COUNT,
    MAX_LINES,
    MAX_ROWS,
    Intake,
    IntakeError,
    Problem,
    Row,
    checked,
)
from .table import rows_of_table
from .text import rows_of_text

__all__ = [
    "MAX_BYTES",
    "MAX_COUNT",
    "MAX_LINES",
    "MAX_ROWS",
    "Intake",
    "IntakeError",
    "Problem",
    "Row",
    "clean",
    "parse_file",
    "parse_text",
]

TEXT_FILES = ("", ".txt", ".text", ".md")
TABLE_FILES = (".csv", ".tsv")


def parse_text(text: str) -> Intake:
    """One prompt per line, or multi-line blocks separated by lines of three or more hyphens.

    Raises IntakeError.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise IntakeError(f"The text is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    return checked(rows_of_text(clean_paste(text)))


def parse_file(name: str, data: bytes) -> Intake:
    """The rows of a .txt file (as pasted text) or of a .csv file. Raises IntakeError."""
    shown, ending = shown_name(name), PurePath(name).suffix.lower()
    if ending not in (*TEXT_FILES, *TABLE_FILES):
        raise IntakeError(f"{shown} is no .txt or .csv file. Save it as one of the two.")
    text = clean_paste(decode(shown, data))
    return checked(rows_of_table(text) if ending in TABLE_FILES else rows_of_text(text))
