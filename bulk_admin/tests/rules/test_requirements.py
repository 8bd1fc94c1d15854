"""Every package that is installed is pinned, and its files are known by their hashes."""

from __future__ import annotations

import re

import pytest

from bulk_admin.tests.rules.test_layering import ROOT

FILES = ["requirements.txt", "requirements-dev.txt"]


def pinned(file: str) -> list[str]:
    """Each requirement with the lines that continue it."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("file", FILES)
def test_every_package_is_pinned_by_version_and_hash(file):
    without = [
        line.split()[0]
        for line in pinned(file)
        if not re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]
    assert without == []


@pytest.mark.parametrize("file", FILES)
def test_what_the_in_file_names_is_resolved(file):
    wanted = re.findall(r"^[\w.-]+", (ROOT / file.replace(".txt", ".in")).read_text(), re.MULTILINE)
    found = {line.partition("==")[0].partition("[")[0].lower() for line in pinned(file)}
    names = {name.lower() for name in wanted if not name.startswith("-")}
    assert sorted(names - found) == []
