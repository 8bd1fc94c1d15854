"""A .csv or .tsv becomes rows, whatever its delimiter and the order of its columns."""

from __future__ import annotations

import csv
import io
import re

from bulk_admin.services.image_providers.base import SIZE

from .cleaning import is_blank
from .rows import MAX_COUNT, Intake, IntakeError, Problem, Row

QUALITY = re.compile(r"[a-z0-9_-]{1,12}")
COLUMNS = ("prompt", "size", "quality", "count")
ALIASES = {**{name: name for name in COLUMNS}, "n": "count", "images": "count"}
DELIMITERS = ",;\t"

Record = tuple[int, list[str] | Problem]


def rows_of_table(text: str) -> Intake:
    records, header = _read(text)
    names = COLUMNS if header is None else _columns(header)
    intake = Intake()
    for line, cells in records:
        if isinstance(cells, Problem):
            intake.problems.append(cells)
        elif not all(map(is_blank, cells)):
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
    if is_blank(values.get("prompt", "")):
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
