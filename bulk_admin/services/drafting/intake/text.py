"""Text becomes rows: lines, or blocks between separators or in code fences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bulk_admin.services.drafting.marks import find_list_mark, is_fence, without_list_marks

from .cleaning import is_blank
from .columns import column_of
from .json_text import find_json
from .rows import Intake, Problem, Row
from .table import is_table, rows_of_cells, rows_of_pipes, rows_of_table

DASHES = frozenset("-‐‑‒–—―─━═")
RULES = frozenset("*_=~#+•·.…\"'")
LEAST = 3  # characters of a separator; a keyboard makes one dash of two hyphens or three

Block = tuple[int, str]  # the line that it starts on, and its text


def rows_of_any(text: str) -> Intake:
    """The rows of a text that does not say what it is: fenced, JSON, a table, cells or plain."""
    lines = text.split("\n")
    if any(map(is_fence, lines)) and not any(map(is_separator, lines)):
        return _rows_of_fenced(lines)
    return _rows_of_open(lines)


def rows_of_text(text: str) -> Intake:
    """One prompt per line, or blocks between separators, whatever else it looks like."""
    return _rows_of_lines(text.split("\n"))


def is_separator(line: str) -> bool:
    """Three or more hyphens, and what a keyboard, an editor or a habit makes of them."""
    marks = "".join(line.split())
    kinds = set(marks)
    if kinds and kinds <= DASHES:
        return len(marks) >= LEAST or kinds != {"-"}
    return len(marks) >= LEAST and len(kinds) == 1 and kinds <= RULES


def _rows_of_open(lines: list[str]) -> Intake:
    text = "\n".join(lines)
    if (found := find_json(text)) or (found := rows_of_pipes(lines)):
        return found
    if is_table(text):
        return rows_of_table(text)
    if not any(map(is_separator, lines)) and (found := rows_of_cells(text)):
        return found
    return _rows_of_lines(lines)


def _rows_of_lines(lines: list[str]) -> Intake:
    lines = _without_header(lines)
    if any(map(is_separator, lines)):
        return _rows(_blocks(lines))
    return _rows(_items(lines), is_nested=len(_indents(lines)) > 1)


def _rows(blocks: Iterator[Block], *, is_nested: bool = False) -> Intake:
    filled = [(line, block.strip()) for line, block in blocks if not is_blank(block)]
    texts = [text for _, text in filled]
    # Of a nested list only a person knows which level the prompts are on: its marks are flagged.
    texts = texts if is_nested else without_list_marks(texts)
    return Intake([Row(text, line) for (line, _), text in zip(filled, texts, strict=True)])


def _without_header(lines: list[str]) -> list[str]:
    """A first line that only names the column is not a prompt."""
    first = next((at for at, line in enumerate(lines) if has_content(line)), None)
    if first is None or column_of(lines[first].strip()) != "prompt":
        return lines
    return [*lines[:first], "", *lines[first + 1 :]]


def has_content(line: str) -> bool:
    return not is_blank(line) and not is_separator(line)


def _blocks(lines: list[str]) -> Iterator[Block]:
    """Blocks between separators, each with the number of its first line that holds something."""
    block: list[str] = []
    for number, line in enumerate([*lines, "---"], 1):
        if not is_separator(line):
            block.append(line)
            continue
        leading = next((n for n, held in enumerate(block) if not is_blank(held)), 0)
        yield number - len(block) + leading, "\n".join(_unfenced(block))
        block = []


def _unfenced(block: list[str]) -> list[str]:
    """Without the code fence that is all around it."""
    filled = [at for at, line in enumerate(block) if not is_blank(line)]
    if len(filled) > 2 and is_fence(block[filled[0]]) and is_fence(block[filled[-1]]):
        inside = block[filled[0] + 1 : filled[-1]]
        return block if any(map(is_fence, inside)) else inside
    return block


def _items(lines: list[str]) -> Iterator[Block]:
    """Each line, with what is indented under it when it is an item of a list."""
    indents = _indents(lines)
    filled = [line for line in lines if not is_blank(line)]
    if len(indents) != 1 or not find_list_mark(filled[0].strip()):
        yield from enumerate(lines, 1)
        return
    item: list[str] = []
    for number, line in enumerate(lines, 1):
        if item and (is_blank(line) or _indent(line) > min(indents)):
            item.append(line.strip())
            continue
        yield number - len(item), "\n".join(item)
        item = [line]
    yield len(lines) + 1 - len(item), "\n".join(item)


def _indents(lines: list[str]) -> set[int]:
    """How far the items of a list are indented; several are a nested list."""
    return {_indent(line) for line in lines if find_list_mark(line.strip())}


def _indent(line: str) -> int:
    line = line[:100].expandtabs(4)
    return len(line) - len(line.lstrip())


def _rows_of_fenced(lines: list[str]) -> Intake:
    """A prompt in each code fence, or all prompts in the only one."""
    fences = [at for at, line in enumerate(lines) if is_fence(line)]
    inside = [
        (start + 1, lines[start + 1 : end])
        for start, end in zip(fences[::2], [*fences[1::2], len(lines)], strict=False)
    ]
    filled = [(at, held) for at, held in inside if not all(map(is_blank, held))]
    if not filled:
        return _rows_of_open([("" if is_fence(line) else line) for line in lines])
    within = {at + n for at, held in inside for n in range(len(held))}
    if len(filled) == 1:
        intake = _rows_of_open([line if at in within else "" for at, line in enumerate(lines)])
    else:
        intake = _rows((at + 1, "\n".join(held)) for at, held in filled)
    outside = set(range(len(lines))) - within - set(fences)
    intake.problems.extend(_outside(lines, sorted(outside)))
    return intake


def _outside(lines: Sequence[str], places: Sequence[int]) -> Iterator[Problem]:
    for at in places:
        if has_content(lines[at]):
            yield Problem(
                at + 1,
                "This line is outside the ``` code fences, so it was left out. Delete the fences to"
                " use every line.",
            )
