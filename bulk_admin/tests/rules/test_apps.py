"""What the two apps may know of each other, and who writes to which storage."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk_admin.tests.rules.test_layering import (
    ROOT,
    files_of_tests,
    imports,
    imports_of,
    is_within,
    module_name,
    source_files,
)

# What bulk_admin shows to a site's own code, and to its tests.
PUBLIC = (
    "bulk_admin.adapter",
    "bulk_admin.admin.bulk_actions.kit",
    "bulk_admin.admin.bulk_actions.trash",
    "bulk_admin.b2",
    "bulk_admin.background",
    "bulk_admin.serving",
    "bulk_admin.storages",
    "bulk_admin.undo",
    "bulk_admin.wording",
)
PUBLIC_TO_TESTS = (*PUBLIC, "bulk_admin.testing")
# The other way round nothing is public. A model or an address of prompts, named in a string.
NAMED = re.compile(r"prompts\.[A-Z]\w+|admin:prompts_\w+")
# The one writer to each storage.
WRITERS = {
    "bulk_admin/services/storage/private.py": "conf.STORAGE",
    "prompts/services/b2_upload.py": "default",
}
BACKENDS = ("bulk_admin/storages.py", "bulk_admin/b2.py")


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


def not_public(found: Iterator[tuple[int, str]], public: tuple[str, ...]) -> list[str]:
    return [
        f"{line}: {imported} is no public module of bulk_admin: {', '.join(public)}"
        for line, imported in found
        if is_within(imported, "bulk_admin")
        and not any(is_within(imported, module) for module in public)
    ]


@pytest.mark.parametrize("file", source_files("prompts"), ids=relative)
def test_prompts_imports_only_what_is_public(file):
    found = not_public(imports_of(file), PUBLIC)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("file", files_of_tests("prompts"), ids=relative)
def test_the_tests_of_prompts_import_only_what_is_public(file):
    found = not_public(imports_of(file), PUBLIC_TO_TESTS)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "from bulk_admin.models import GeneratedImage",
        "def later():\n    import bulk_admin.models.jobs",
        "from bulk_admin import services",
        "from bulk_admin.admin.bulk_actions import jobs",
        "from bulk_admin.services.storage.private import put",
        "from bulk_admin.testing.factories import make_job",
    ],
)
def test_an_import_of_what_is_not_public_is_found(source):
    assert not_public(imports(ast.parse(source), "prompts.views", is_package=False), PUBLIC)


@pytest.mark.parametrize(
    "source",
    [
        "from bulk_admin.adapter import Content",
        "from bulk_admin import storages, wording",
        "from bulk_admin.admin.bulk_actions import kit",
    ],
)
def test_an_import_of_what_is_public_is_not(source):
    assert not not_public(imports(ast.parse(source), "prompts.views", is_package=False), PUBLIC)


def known_of_prompts(source: str, module: str) -> set[str]:
    """What a module imports of prompts, and what it names of it in strings."""
    tree = ast.parse(source)
    strings = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return imported_of_prompts(tree, module) | {text for text in strings if NAMED.fullmatch(text)}


def imported_of_prompts(tree: ast.Module, module: str) -> set[str]:
    return {
        imported
        for _, imported in imports(tree, module, is_package=False)
        if is_within(imported, "prompts")
    }


@pytest.mark.parametrize("file", source_files("bulk_admin"), ids=relative)
def test_bulk_admin_knows_nothing_of_prompts(file):
    assert known_of_prompts(file.read_text(), module_name(file)) == set()


@pytest.mark.parametrize("file", files_of_tests("bulk_admin"), ids=relative)
def test_its_tests_import_nothing_of_prompts(file):
    found = imported_of_prompts(ast.parse(file.read_text()), module_name(file))
    assert not found, "a test that needs both apps stands in e2e"


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("from prompts.models import Prompt", {"prompts.models.Prompt"}),
        ("def later():\n    from prompts import views", {"prompts.views"}),
        ("import prompts.utils.seo", {"prompts.utils.seo"}),
        ('ForeignKey("prompts.Prompt")', {"prompts.Prompt"}),
        ('reverse("admin:prompts_prompt_change")', {"admin:prompts_prompt_change"}),
        ('self.fields["prompts"]; "all prompts. Then"', set()),
    ],
)
def test_what_a_module_knows_of_prompts_is_found(source, known):
    assert known_of_prompts(source, "bulk_admin.services.jobs.report") == known


# --- storage ------------------------------------------------------------------------------------


def storages_reached(source: str) -> list[str]:
    """What a module takes hold of a storage by: Django's registry, boto3, or an ObjectStore, with
    the storage's name where that is given.
    """
    tree = ast.parse(source)
    found = [
        imported
        for _, imported in imports(tree, "x", is_package=False)
        if imported.split(".")[0] in ("boto3", "botocore")
        or is_within(imported, "django.core.files.storage")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("ObjectStore", "asking_once"):
                alias = node.args[0] if node.args else None
                if isinstance(alias, ast.Constant):
                    found.append(str(alias.value))
                else:
                    found.append(ast.unparse(alias) if alias else name)
    return found


@pytest.mark.parametrize("file", source_files("bulk_admin", "prompts"), ids=relative)
def test_each_storage_has_one_writer(file):
    if relative(file) in BACKENDS:
        return
    allowed = [WRITERS[relative(file)]] if relative(file) in WRITERS else []
    found = storages_reached(file.read_text())
    assert found == allowed, f"only {', '.join(WRITERS)} write to storage, each to its own"


@pytest.mark.parametrize(
    "source",
    [
        "from django.core.files.storage import storages",
        "import boto3",
        "from botocore.config import Config",
        'ObjectStore("private").put("a", b"", "")',
        'storages.ObjectStore("default")',
        "ObjectStore(alias)",
        'asking_once("private").save("a", b"")',
    ],
)
def test_a_second_writer_is_found(source):
    assert storages_reached(source)


def test_a_writer_to_the_other_ones_storage_is_found():
    assert storages_reached('_objects = ObjectStore("default")') != [
        WRITERS["bulk_admin/services/storage/private.py"]
    ]
