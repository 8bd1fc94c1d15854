"""No module of code is longer than 400 lines; tests, which list cases, may be."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 400
FOLDERS = ("bulk_admin", "prompts", "prompts_manager", "benchmarks")
MODULES = sorted(
    module
    for folder in FOLDERS
    for module in (ROOT / folder).rglob("*.py")
    if not {"tests", "migrations"} & set(module.parts)
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_no_module_is_too_long(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= LONGEST, "split it by reason to change"


def test_modules_are_found() -> None:
    assert ROOT / "bulk_admin/admin/accounts.py" in MODULES
