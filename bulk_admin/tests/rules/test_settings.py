"""What bulk_admin reads of a site's settings: its own ``BULK``, and names that Django knows."""

from __future__ import annotations

import ast
import re

import pytest
from django.conf import global_settings

from bulk_admin.tests.rules.test_layering import ROOT, files_of_tests, source_files

# BULK["USE_SITE_KEYS"] allows the keys. Every project has the address of its addresses.
OF_OTHERS = {"BULK", "OPENAI_API_KEY", "REPLICATE_API_TOKEN", "ROOT_URLCONF"}
# By a name that is not written there: the two keys, where BULK allows it.
BY_NAME = {
    "bulk_admin/credentials.py": {"?"},
}


def names_read(source: str) -> set[str]:
    """``settings.NAME``, and the name in ``getattr(settings, "NAME")``: "?" when it is none."""
    tree, found = ast.parse(source), set()
    if not any(
        isinstance(node, ast.ImportFrom)
        and node.module == "django.conf"
        and any(alias.name == "settings" for alias in node.names)
        for node in ast.walk(tree)
    ):
        return found
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="settings"), attr=name):
                found.add(name)
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="settings"), name, *_]):
                found.add(name.value if isinstance(name, ast.Constant) else "?")
    return found


@pytest.mark.parametrize("file", source_files("bulk_admin"), ids=lambda f: str(f.relative_to(ROOT)))
def test_bulk_admin_reads_bulk_and_what_is_django_s(file):
    ours = {
        name
        for name in names_read(file.read_text())
        if not hasattr(global_settings, name) and name not in OF_OTHERS
    }
    assert ours == BY_NAME.get(str(file.relative_to(ROOT)), set()), "read it from bulk_admin.conf"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from django.conf import settings\nsettings.BULK_LEASE", {"BULK_LEASE"}),
        ("from django.conf import settings\ngetattr(settings, 'B2_REGION', '')", {"B2_REGION"}),
        ("from django.conf import settings\ngetattr(settings, name)", {"?"}),
        ("def f(settings):\n    return settings.page_tags", set()),
    ],
)
def test_what_a_module_reads_is_found(source, names):
    assert names_read(source) == names


def test_no_test_sets_what_nobody_reads():
    files = [*files_of_tests("bulk_admin", "prompts"), *(ROOT / "e2e").glob("*.py")]
    old = [file.name for file in files if re.search(r"\bsettings\.BULK_\w+ =", file.read_text())]
    assert not old, 'settings.BULK = settings.BULK | {"NAME": value}'
