"""Templates, CSS and JavaScript stay within 120 columns; ruff checks Python, and what others wrote
stays as it came.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WIDEST = 120
FILES = sorted(
    file
    for folder in ("templates", "static")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in (".html", ".css", ".js") and "vendor" not in file.parts
)


def wide_lines(text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line) > WIDEST]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_line_is_too_wide(file: Path) -> None:
    assert wide_lines(file.read_text()) == []


def test_a_wide_line_is_found() -> None:
    assert wide_lines("x" * 120 + "\n" + "x" * 121) == [2]
