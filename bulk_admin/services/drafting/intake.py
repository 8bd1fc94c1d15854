"""Pasted text and dropped files become rows. Pure: bytes in, rows and complaints out."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

MAX_ROWS = 1_000
MAX_LINES = 5_000
MAX_BYTES = 2 * 1024 * 1024
MAX_COUNT = 4

SEPARATOR = re.compile(r"-{3,}\s*")
SIZE = re.compile(r"[1-9][0-9]{1,4}x[1-9][0-9]{1,4}")
QUALITY = re.compile(r"[a-z0-9_-]{1,12}")
COLUMNS = ("prompt", "size", "quality", "count")
ALIASES = {**{name: name for name in COLUMNS}, "n": "count", "images": "count"}
DELIMITERS = ",;\t"
TEXT_FILES = ("", ".txt", ".text", ".md")
TABLE_FILES = (".csv", ".tsv")
SIGNATURES = {
    b"PK\x03\x04": "a zip file or an office document",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"%PDF": "a PDF",
    b"{\\rtf": "a rich-text document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or a sound",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a compressed file",
}


class IntakeError(Exception):
    """The whole text or file was refused; ``message`` says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt, and the line it starts on. Empty size, quality and count stand for the job's.

    ``included`` is what somebody chose for it; None leaves that to its flags.
    """

    text: str
    line: int
    size: str = ""
    quality: str = ""
    count: int | None = None
    included: bool | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Intake:
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def parse_text(text: str) -> Intake:
    """One prompt per line, or multi-line blocks separated by lines of three or more hyphens.

    Raises IntakeError.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise IntakeError(f"The text is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    return _checked(_rows_of_text(_clean(text)))


def parse_file(name: str, data: bytes) -> Intake:
    """The rows of a .txt file (as pasted text) or of a .csv file. Raises IntakeError."""
    shown, ending = _shown(name), PurePath(name).suffix.lower()
    if ending not in (*TEXT_FILES, *TABLE_FILES):
        raise IntakeError(f"{shown} is no .txt or .csv file. Save it as one of the two.")
    text = _clean(_decode(shown, data))
    return _checked(_rows_of_table(text) if ending in TABLE_FILES else _rows_of_text(text))


def _shown(name: str) -> str:
    plain = (
        "".join(char for char in name if char.isprintable()).replace("\\", "/").rpartition("/")[2]
    )
    return plain[:80] or "The file"


def _decode(shown: str, data: bytes) -> str:
    if not data:
        raise IntakeError(f"{shown} is empty (0 bytes).")
    if len(data) > MAX_BYTES:
        raise IntakeError(f"{shown} is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    if kind := _what_it_is(data):
        raise IntakeError(f"{shown} is {kind}, not text. Save the prompts as .txt or .csv.")
    if _is_utf16(data):
        raise IntakeError(f"{shown} is UTF-16 text. In the program it came from, save it as UTF-8.")
    if b"\0" in data:
        raise IntakeError(
            f"{shown} holds NUL bytes, so it is not text. Save the prompts as .txt or .csv."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise IntakeError(
            f"{shown} is not UTF-8 text (see line {line}). In the program it came from, save it as"
            " UTF-8."
        ) from error


def _what_it_is(data: bytes) -> str:
    if data.startswith(b"MZ") and re.search(rb"[\x00-\x08\x80-\xff]", data[:64]):
        return "a program"
    return next((kind for signature, kind in SIGNATURES.items() if data.startswith(signature)), "")


def _is_utf16(data: bytes) -> bool:
    """By its byte order mark, or because every other byte of plain Latin text is NUL."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    start = data[:1000]
    return any(
        start[side::2].count(0) > len(start) / 4 and not start[1 - side :: 2].count(0)
        for side in (0, 1)
    )


def clean(prompt: str) -> str:
    """One prompt as it is kept: line ends are newlines, what cannot be shown or stored is gone,
    the ends are trimmed.
    """
    return "".join(filter(_is_kept, _newlines(prompt))).strip()


def _newlines(text: str) -> str:
    return (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\u2028", " ")
        .replace("\u2029", "\n")
    )


def _clean(text: str) -> str:
    """A text of many prompts, cleaned likewise. Raises IntakeError on NUL and on too many lines."""
    text = _newlines(text)
    if "\0" in text:
        raise IntakeError(
            f"Line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a NUL character."
            " Remove it."
        )
    lines = text.rstrip("\n").count("\n") + 1
    if lines > MAX_LINES:
        raise IntakeError(
            f"{lines:,} lines are too many: at most {MAX_LINES:,} at a time. Split them."
        )
    return "".join(filter(_is_kept, text))


def _is_kept(char: str) -> bool:
    return char in "\n\t" or (char != "\ufeff" and unicodedata.category(char) not in ("Cc", "Cs"))


def _is_blank(text: str) -> bool:
    return all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)


def _rows_of_text(text: str) -> Intake:
    lines = text.split("\n")
    blocks = (
        _blocks(lines)
        if any(map(SEPARATOR.fullmatch, map(str.strip, lines)))
        else enumerate(lines, 1)
    )
    return Intake([Row(block.strip(), line) for line, block in blocks if not _is_blank(block)])


def _blocks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Blocks between separators, each with the number of its first line that holds something."""
    block: list[str] = []
    for number, line in enumerate([*lines, "---"], 1):
        if not SEPARATOR.fullmatch(line.strip()):
            block.append(line)
            continue
        leading = next((n for n, held in enumerate(block) if not _is_blank(held)), 0)
        yield number - len(block) + leading, "\n".join(block)
        block = []


Record = tuple[int, list[str] | Problem]


def _rows_of_table(text: str) -> Intake:
    records, header = _read(text)
    names = COLUMNS if header is None else _columns(header)
    intake = Intake()
    for line, cells in records:
        if isinstance(cells, Problem):
            intake.problems.append(cells)
        elif not all(map(_is_blank, cells)):
            found = _row(line, cells, names, has_header=header is not None)
            if isinstance(found, Row):
                intake.rows.append(found)
            else:
                intake.problems.append(found)
    return intake


def _read(text: str) -> tuple[list[Record], list[str] | None]:
    """The records under the delimiter that explains most, and the header if there is one."""
    tables = [_records(text, delimiter) for delimiter in DELIMITERS]
    records = max(tables, key=_fit)
    header = _header(records)
    return (records, None) if header is None else (records[1:], header)


def _fit(records: list[Record]) -> tuple[int, int]:
    """How well a delimiter fits: known columns of the header, then the rows that have settings and
    are sound.
    """
    header = _header(records)
    names = COLUMNS if header is None else tuple(ALIASES.get(name, "") for name in header)
    known = 0 if header is None else len(header)
    rows = [
        (line, cells) for line, cells in records[1 if header else 0 :] if isinstance(cells, list)
    ]
    lone_column = (
        known == 1
    )  # the header has no delimiter to go by: any row that fits into one cell counts
    sound = sum(
        isinstance(_row(line, cells, names, has_header=True), Row)
        for line, cells in rows
        if lone_column or len(cells) > 1
    )
    return known, sound


def _records(text: str, delimiter: str) -> list[Record]:
    """All records with the line that each starts on; what a csv reader cannot make sense of is a
    Problem.
    """
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    records: list[Record] = []
    while True:
        line = reader.line_num + 1
        try:
            records.append((line, next(reader)))
        except StopIteration:
            return records
        except csv.Error as error:
            records.append((line, Problem(line, _quoting(str(error)))))


def _quoting(error: str) -> str:
    if "end of data" in error:
        return (
            "A quote is opened here and never closed, so everything after it was left out."
            " Close it."
        )
    if "field limit" in error:
        return "This cell is far too long."
    return (
        'A quote is out of place. Put "..." around the whole prompt, and double the quotes'
        " inside it."
    )


def _header(records: list[Record]) -> list[str] | None:
    """The first record's names, lower case, when one of them is a column that we know."""
    first = records[0][1] if records else []
    names = [cell.strip().lower() for cell in first] if isinstance(first, list) else []
    has_prompt = "prompt" in names
    return names if has_prompt or (names and all(name in ALIASES for name in names)) else None


def _columns(header: list[str]) -> tuple[str, ...]:
    while header and not header[-1]:
        header = header[:-1]
    unknown = [name or "(no name)" for name in header if name not in ALIASES]
    if unknown:
        raise IntakeError(
            f"Unknown column: {', '.join(unknown)[:200]}. Known are prompt, size, quality and"
            " count. Remove or rename it."
        )
    names = tuple(ALIASES[name] for name in header)
    if "prompt" not in names:
        raise IntakeError(
            "There is no column named prompt. Name the column that holds the prompts."
        )
    doubled = [name for name in COLUMNS if names.count(name) > 1]
    if doubled:
        raise IntakeError(f"There are two columns for {doubled[0]}. Remove one.")
    return names


def _row(line: int, cells: list[str], names: tuple[str, ...], *, has_header: bool) -> Row | Problem:
    while len(cells) > len(names) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) > len(names):
        return Problem(
            line,
            f"{len(cells)} columns, but only {len(names)} are known. Put quotes around a prompt"
            " that holds the delimiter.",
        )
    values = dict(zip(names, cells, strict=False))
    if _is_blank(values.get("prompt", "")):
        return Problem(line, "There is no prompt in this row.")
    try:
        size, quality, count = (
            _size(values.get("size", "")),
            _quality(values.get("quality", "")),
            _count(values.get("count", "")),
        )
    except ValueError as error:
        hint = (
            ""
            if has_header
            else " Put quotes around a prompt that holds commas, or save the file as .txt."
        )
        return Problem(line, f"{error}{hint}")
    return Row(values["prompt"].strip(), line, size, quality, count)


def _size(text: str) -> str:
    size = re.sub(r"\s", "", text).lower().replace("×", "x")
    if size and not SIZE.fullmatch(size):
        raise ValueError(f"“{text.strip()[:40]}” is not a size like 1024x1024.")
    return size


def _quality(text: str) -> str:
    quality = text.strip().lower()
    if quality == "auto":
        raise ValueError(
            "The quality “auto” has no known price. Name a quality, or leave it empty."
        )
    if quality and not QUALITY.fullmatch(quality):
        raise ValueError(f"“{text.strip()[:40]}” is not a quality.")
    return quality


def _count(text: str) -> int | None:
    count = text.strip()
    if count and not re.fullmatch(f"[1-{MAX_COUNT}]", count):
        raise ValueError(f"“{count[:40]}” is not a count of pictures from 1 to {MAX_COUNT}.")
    return int(count) if count else None


def _checked(intake: Intake) -> Intake:
    if not intake.rows and not intake.problems:
        raise IntakeError(
            "There is no prompt in it. Write one prompt per line, or blocks separated by a line of"
            " ---."
        )
    if len(intake.rows) > MAX_ROWS:
        raise IntakeError(
            f"{len(intake.rows):,} prompts are too many: at most {MAX_ROWS:,} a job. Split them."
        )
    return intake
