"""Pasted text and dropped files become rows. Pure: bytes in, rows and complaints out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from .cleaning import clean, clean_paste
from .files import decode, shown_name
from .json_text import rows_of_json
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
from .text import rows_of_any, rows_of_text

__all__ = [
    "FORMATS",
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

PARSERS = {"txt": rows_of_text, "csv": rows_of_table, "json": rows_of_json}
FORMATS = tuple(PARSERS)
TEXT_FILES = ("", ".txt", ".text", ".md")
TABLE_FILES = (".csv", ".tsv")
JSON_FILES = (".json", ".jsonl", ".ndjson")


def parse_text(text: str) -> Intake:
    """The rows of a paste: one prompt per line, blocks between separators, or what it looks like.

    A table with a header, JSON, cells of a spreadsheet and code fences are seen by themselves.
    Raises IntakeError.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise IntakeError(f"The text is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    return checked(rows_of_any(clean_paste(text)))


def parse_file(name: str, data: bytes, file_format: str = "") -> Intake:
    """The rows of a file: in the format that is named (one of FORMATS), else in that of its ending;
    a .txt, or what has no ending, is read like a paste. Raises IntakeError.
    """
    shown = shown_name(name)
    parse = PARSERS[file_format] if file_format else _parser(shown, PurePath(name).suffix.lower())
    return checked(parse(clean_paste(decode(shown, data))))


def _parser(shown: str, ending: str) -> Callable[[str], Intake]:
    if ending in TABLE_FILES:
        return rows_of_table
    if ending in JSON_FILES:
        return rows_of_json
    if ending in TEXT_FILES:
        return rows_of_any
    raise IntakeError(f"{shown} is not a .txt, .csv or .json file. Save it as one of them.")
