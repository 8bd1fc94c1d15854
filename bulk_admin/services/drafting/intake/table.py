"""A .csv or .tsv becomes rows, whatever its delimiter and the order of its columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from .cleaning import is_blank
from .columns import COLUMNS, column_of, columns_of, row_of
from .rows import Intake, Problem, Row

DELIMITERS = ",;\t|"
MAX_COLUMNS = 100
# The first line by which a spreadsheet program is told the delimiter.
SEP_LINE = re.compile(r'"?sep=([^\w\s"]|\t)?"?', re.IGNORECASE)

Record = tuple[int, list[str] | Problem]


def rows_of_table(text: str) -> Intake:
    """Raises IntakeError on a header that cannot be used."""
    return _rows_of_records(_read(text))


def rows_of_pipes(lines: Sequence[str]) -> Intake | None:
    """A Markdown table that has a header; None when the lines are none. Without pipes at their ends
    it is one by the ruled line under the header.
    """
    filled = [(number, line.strip()) for number, line in enumerate(lines, 1) if not is_blank(line)]
    if len(filled) < 2 or not all("|" in line for _, line in filled):
        return None
    if not (_is_ruled(filled[1][1]) or all(_is_piped(line) for _, line in filled)):
        return None
    records: list[Record] = [
        (number, _bounded(number, line.removeprefix("|").removesuffix("|").split("|")))
        for number, line in filled
        if not _is_ruled(line)
    ]
    return _rows_of_records(records) if _header(records) else None


def _is_piped(line: str) -> bool:
    return len(line) > 1 and line[0] == line[-1] == "|"


def _is_ruled(line: str) -> bool:
    return not set(line) - set("|-: \t")


def is_table(text: str) -> bool:
    """Whether a text that does not say what it is has the header of a table, or a sep= line."""
    first = next((line for line in text.split("\n") if not is_blank(line)), "")
    if SEP_LINE.fullmatch(first.strip()):
        return True
    for delimiter in DELIMITERS:
        header = _header(_records(first, delimiter))
        if header and len(header) > 1:
            return all(map(column_of, header)) or _is_even(_records(text, delimiter))
    return False


def _is_even(records: Sequence[Record]) -> bool:
    """At least two records, all of as many cells."""
    lengths = [len(cells) for _, cells in records if isinstance(cells, list) and cells]
    return len(lengths) > 1 and len(set(lengths)) == 1


def rows_of_cells(text: str) -> Intake | None:
    """Cells as a spreadsheet copies them: quoted where they have several lines, or with settings
    behind each prompt; None when the text has none.

    The header line of a lone column counts as well, when quoted cells follow it.
    """
    if '"' not in text and "\t" not in text:
        return None
    records = _records(text, "\t")
    if _all_have_settings(records):
        return _rows_of_records(records)
    if '"' not in text:
        return None
    several = False
    for _, cells in records:
        if isinstance(cells, Problem):
            return None
        several = several or any("\n" in cell for cell in cells)
    return _rows_of_records(records) if several or _header(records) else None


def _all_have_settings(records: Sequence[Record]) -> bool:
    """Without a header only what can be nothing else is taken for a setting."""
    filled = [(line, cells) for line, cells in records if not _is_empty(cells)]
    return bool(filled) and all(
        isinstance(cells, list) and len(cells) > 1 and isinstance(_row(line, cells, COLUMNS), Row)
        for line, cells in filled
    )


def _rows_of_records(records: list[Record]) -> Intake:
    header = _header(records)
    names = COLUMNS if header is None else columns_of(header)
    hint = (
        "" if header else " Put quotes around a prompt that holds commas, or save the file as .txt."
    )
    intake = Intake()
    for line, cells in records:
        if isinstance(cells, Problem):
            intake.problems.append(cells)
        elif cells != header and not _is_empty(cells):
            found = _row(line, cells, names, hint)
            if isinstance(found, Row):
                intake.rows.append(found)
            else:
                intake.problems.append(found)
    return intake


def _read(text: str) -> list[Record]:
    """The records under the delimiter that the text names, or that explains most of it."""
    head, newline, rest = text.lstrip("\n").partition("\n")
    if named := SEP_LINE.fullmatch(head.strip("\n\r ")):
        above = text[: len(text) - len(text.lstrip("\n"))]
        return _records(f"{above}{newline}{rest}", named[1] or "\t")
    return max((_records(text, delimiter) for delimiter in DELIMITERS), key=_fit)


def _fit(records: list[Record]) -> tuple[int, int]:
    """How well a delimiter fits: columns of the header, then the sound rows that have settings."""
    header = _header(records)
    names = COLUMNS if header is None else tuple(map(column_of, header))
    # A header of one column has no delimiter to go by: any row that fits into one cell counts.
    least = 1 if header and len(header) == 1 else 2
    sound = sum(
        isinstance(_row(line, cells, names), Row)
        for line, cells in records
        if isinstance(cells, list) and len(cells) >= least and cells != header
    )
    return len(header or ()), sound


def _records(text: str, delimiter: str) -> list[Record]:
    """All records with the line that each starts on; one that cannot be read is a Problem."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    records: list[Record] = []
    while True:
        line = reader.line_num + 1
        try:
            records.append((line, _bounded(line, next(reader))))
        except StopIteration:
            return records
        except csv.Error as error:
            records.append((line, Problem(line, _quoting(str(error)))))


def _bounded(line: int, cells: list[str]) -> list[str] | Problem:
    if len(cells) <= MAX_COLUMNS:
        return cells
    return Problem(
        line,
        f"{len(cells):,} columns are too many: at most {MAX_COLUMNS} can be read. Delete the"
        " empty ones.",
    )


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


def _header(records: Sequence[Record]) -> list[str] | None:
    """The first record that is not blank, when it names a prompt or nothing but columns."""
    first = next((cells for _, cells in records if not _is_empty(cells)), None)
    if not isinstance(first, list):
        return None
    named = [column_of(name) for name in first if name.strip()]
    return first if "prompt" in named or all(named) else None


def _is_empty(cells: list[str] | Problem) -> bool:
    return isinstance(cells, list) and all(map(is_blank, cells))


def _row(line: int, cells: list[str], names: Sequence[str], hint: str = "") -> Row | Problem:
    filled = max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)
    if filled > len(names):
        return Problem(
            line,
            f"{filled} columns, but only {len(names)} are known. Put quotes around a prompt that"
            " holds the delimiter.",
        )
    return row_of(line, dict(zip(names, cells, strict=False)), hint)
