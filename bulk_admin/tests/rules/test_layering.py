"""The house's rules that a tool can read: who imports whom, who writes files, what templates may
hold.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROVIDERS = "bulk_admin.services.image_providers"
SERVICES = ("bulk_admin.services", "bulk_admin.selectors")
EDGES = ("bulk_admin.admin", "bulk_admin.tasks", "bulk_admin.management", "bulk_admin.templatetags")
# Part of the code -> what it must not import.
FORBIDDEN = {
    "prompts": ("bulk_admin.models", "bulk_admin.selectors", *EDGES),
    "bulk_admin.models": (*SERVICES, *EDGES),
    PROVIDERS: (
        "bulk_admin.models",
        "bulk_admin.selectors",
        "django.db",
        *EDGES,
        "bulk_admin.credentials",
    ),
    "bulk_admin.services": EDGES,
    "bulk_admin.selectors": EDGES,
    "bulk_admin.money": ("bulk_admin.models", *SERVICES, *EDGES),
}
# In spite of that: (who, what). The kit of bulk actions is public.
ALLOWED = (("prompts.admin", "bulk_admin.admin.bulk_actions.kit"),)
# A provider is reached by the registry alone; the rest of its package is open to everyone.
SHARED_BY_PROVIDERS = {"__init__", "base", "errors", "http"}
REGISTRY_ONLY = [
    f"{PROVIDERS}.{path.stem}"
    for path in sorted((ROOT / PROVIDERS.replace(".", "/")).iterdir())
    if path.stem not in {*SHARED_BY_PROVIDERS, "__pycache__"}
]
STORAGE_WRITERS = ("bulk_admin/services/storage/private.py", "bulk_admin/storages.py")
INLINE_SCRIPT = re.compile(
    r"<script\b(?![^>]*\bsrc=)(?![^>]*application/ld\+json)[^>]*>", re.IGNORECASE
)
TEMPLATE_FAULTS = {
    "an inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an inline <style>": re.compile(r"<style\b", re.IGNORECASE),
    "an inline handler": re.compile(
        r"\s(?:hx-on|on(?:click|change|submit|load|input|error|key\w+))\b[\w:-]*\s*=", re.IGNORECASE
    ),
    "an expression that needs eval": re.compile(
        r"hx-(?:vals|headers)\s*=\s*[\"']\s*js:|hx-trigger\s*=\s*[\"'][^\"']*\[", re.IGNORECASE
    ),
    "an inline script": INLINE_SCRIPT,
    "a comment over several lines (Django prints it)": re.compile(r"\{#(?:(?!#\}).)*\n", re.DOTALL),
    "text that is not escaped": re.compile(r"\|\s*safe\b|\{%\s*autoescape off"),
    "something from another host": re.compile(
        r"<(?:script|link|img)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
}


def source_files(*apps: str) -> list[Path]:
    files = [file for app in apps for file in sorted((ROOT / app).rglob("*.py"))]
    return [
        file
        for file in files
        if not {"tests", "testing", "migrations"} & set(file.relative_to(ROOT).parts)
    ]


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_within(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


def imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Every imported module, wherever in the file, also as a dotted path in a string (Django-Q,
    import_string).
    """
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join(
                    [
                        *package[: len(package) - node.level + 1],
                        *([node.module] if node.module else []),
                    ]
                )
                if node.level
                else node.module or ""
            )
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def is_allowed(module: str, imported: str) -> bool:
    return any(is_within(module, who) and is_within(imported, what) for who, what in ALLOWED)


def breaches(source: str, module: str, *, is_package: bool = False) -> list[str]:
    found = []
    parts = [part for part in FORBIDDEN if is_within(module, part)]
    for line, imported in imports(ast.parse(source), module, is_package=is_package):
        for part in parts:
            found += [
                f"{line}: {module} imports {imported}"
                for banned in FORBIDDEN[part]
                if is_within(imported, banned) and not is_allowed(module, imported)
            ]
        if not is_within(module, PROVIDERS) and any(
            is_within(imported, provider) for provider in REGISTRY_ONLY
        ):
            found.append(f"{line}: {module} imports {imported}; ask the registry")
    return sorted(set(found))


def storage_writes(source: str) -> list[str]:
    """Lines that reach for a storage: django's registry of them, or boto3."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import | ast.ImportFrom)
            else []
        )
        base = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if base.startswith("django.core.files.storage") or any(
            name.split(".")[0] in ("boto3", "botocore") for name in (*names, base)
        ):
            found.append(f"{getattr(node, 'lineno', 0)}: imports {base or ', '.join(names)}")
    return found


@pytest.mark.parametrize(
    "file", source_files("bulk_admin", "prompts"), ids=lambda file: str(file.relative_to(ROOT))
)
def test_imports_run_one_way(file):
    found = breaches(file.read_text(), module_name(file), is_package=file.name == "__init__.py")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("prompts.services.publishing", "from bulk_admin.models import GeneratedImage"),
        ("prompts.services.publishing", "from bulk_admin.admin.bulk_actions import kit"),
        ("prompts.admin.pages", "from bulk_admin.admin.bulk_actions import jobs"),
        ("prompts.services.publishing", "def later():\n    import bulk_admin.models.jobs"),
        ("bulk_admin.models.jobs", "from bulk_admin.services import ledger"),
        ("bulk_admin.models.jobs", "from bulk_admin.selectors import tiles"),
        ("bulk_admin.services.ledger.opening", "from bulk_admin.admin.new_job.form import JobForm"),
        ("bulk_admin.services.image_providers.openai.provider", "from django.db import models"),
        (
            "bulk_admin.services.image_providers.openai.provider",
            "from bulk_admin.models import ProviderAccount",
        ),
        (
            "bulk_admin.services.worker.pump",
            "from bulk_admin.services.image_providers.openai.provider import OpenAIProvider",
        ),
        ("bulk_admin.services.pump", "from .image_providers import replicate"),
    ],
)
def test_a_breach_is_found(module, source):
    assert breaches(source, module)


def test_an_import_that_runs_the_right_way_is_no_breach():
    assert not breaches(
        "from bulk_admin.models import GeneratedImage\nfrom .image_providers import provider_class",
        "bulk_admin.services.worker.pump",
    )


@pytest.mark.parametrize(
    "file", source_files("bulk_admin", "prompts"), ids=lambda file: str(file.relative_to(ROOT))
)
def test_one_module_writes_files(file):
    if str(file.relative_to(ROOT)) not in STORAGE_WRITERS:
        found = storage_writes(file.read_text())
        assert not found, "\n".join(
            f"{found}: only {STORAGE_WRITERS[0]} writes to a storage" for found in found
        )


@pytest.mark.parametrize(
    "source",
    [
        "from django.core.files.storage import storages",
        "import boto3",
        "from botocore.config import Config",
    ],
)
def test_a_second_writer_is_found(source):
    assert storage_writes(source)


def template_files() -> list[Path]:
    folders = [ROOT / "templates", *(ROOT / app / "templates" for app in ("bulk_admin", "prompts"))]
    return sorted(
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in (".html", ".xml", ".txt", ".svg")
    )


# Help texts are written by us, and hold <code>: as in Django's own form templates.
TRUSTED = {"templates/adminpack/layout/help.html": "text that is not escaped"}


def template_faults(text: str) -> list[str]:
    return [
        f"{text.count(chr(10), 0, match.start()) + 1}: {fault}: {match.group(0).strip()[:80]}"
        for fault, rule in TEMPLATE_FAULTS.items()
        for match in rule.finditer(text)
    ]


@pytest.mark.parametrize("file", template_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_template_holds_nothing_that_the_policy_forbids(file):
    trusted = TRUSTED.get(str(file.relative_to(ROOT)))
    found = [
        fault
        for fault in template_faults(file.read_text())
        if trusted is None or trusted not in fault
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        '<button hx-on:click="x()">',
        '<button onclick="x()">',
        "<script>alert(1)</script>",
        '<script type="module">import "x"</script>',
        "{# first\nsecond #}",
        '<div hx-trigger="every 2s [document.hasFocus()]">',
        "<div hx-vals='js:{a: 1}'>",
        "{{ prompt|safe }}",
        '<script src="https://cdn.example.com/htmx.js"></script>',
    ],
)
def test_a_fault_of_a_template_is_found(text):
    assert template_faults(text)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="{% static \'a.js\' %}" type="module"></script>',
        '<script type="application/ld+json">{}</script>',
        "{# one line #}{# two #}\n",
    ],
)
def test_a_sound_template_has_no_fault(text):
    assert not template_faults(text)
