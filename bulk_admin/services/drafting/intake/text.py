"""Pasted text becomes rows: lines, or blocks between separators."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .cleaning import is_blank
from .rows import Intake, Row

SEPARATOR = re.compile(r"-{3,}\s*")


def rows_of_text(text: str) -> Intake:
    lines = text.split("\n")
    blocks = (
        _blocks(lines)
        if any(map(SEPARATOR.fullmatch, map(str.strip, lines)))
        else enumerate(lines, 1)
    )
    return Intake([Row(block.strip(), line) for line, block in blocks if not is_blank(block)])


def _blocks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Blocks between separators, each with the number of its first line that holds something."""
    block: list[str] = []
    for number, line in enumerate([*lines, "---"], 1):
        if not SEPARATOR.fullmatch(line.strip()):
            block.append(line)
            continue
        leading = next((n for n, held in enumerate(block) if not is_blank(held)), 0)
        yield number - len(block) + leading, "\n".join(block)
        block = []
