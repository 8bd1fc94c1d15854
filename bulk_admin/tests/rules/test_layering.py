"""The house's rules that a tool can read: who imports whom, and what templates may hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROVIDERS = "bulk_admin.services.image_providers"
SERVICES = ("bulk_admin.services", "bulk_admin.selectors")
EDGES = ("bulk_admin.admin", "bulk_admin.tasks", "bulk_admin.management", "bulk_admin.templatetags")
TESTS = ("bulk_admin.tests", "prompts.tests", "e2e", "benchmarks")
TESTING = ("bulk_admin.testing", *TESTS)
# Part of the code -> what it must not import. What prompts and bulk_admin may know of each other
# stands in test_apps.py.
FORBIDDEN = {
    "bulk_admin": TESTING,
    "prompts": TESTING,
    "prompts_manager": TESTING,
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
    "bulk_admin.templatetags": ("bulk_admin.admin", "bulk_admin.tasks", "bulk_admin.management"),
    "prompts.models": ("prompts.services", "prompts.selectors", "prompts.admin"),
    "prompts.services": (*EDGES, "prompts.admin", "prompts.views"),
    "prompts.selectors": (*EDGES, "prompts.admin", "prompts.views"),
    "prompts.templatetags": ("bulk_admin.admin", "prompts.admin"),
    "bulk_admin.money": ("bulk_admin.models", *SERVICES, *EDGES),
    "bulk_admin.progress": EDGES,
    "bulk_admin.testing": TESTS,
    "bulk_admin.tests": ("prompts.tests", "e2e", "benchmarks"),
    "prompts.tests": ("bulk_admin.tests", "e2e", "benchmarks"),
}
# A provider is reached by the registry alone; the rest of its package is open to everyone.
SHARED_BY_PROVIDERS = {"__init__", "base", "errors", "http"}
REGISTRY_ONLY = [
    f"{PROVIDERS}.{path.stem}"
    for path in sorted((ROOT / PROVIDERS.replace(".", "/")).iterdir())
    if path.stem not in {*SHARED_BY_PROVIDERS, "__pycache__"}
]
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
    """What runs on the site: neither tests, nor their doubles, nor migrations."""
    files = [file for app in apps for file in sorted((ROOT / app).rglob("*.py"))]
    return [
        file
        for file in files
        if not {"tests", "testing", "migrations"} & set(file.relative_to(ROOT).parts)
    ]


def files_of_tests(*apps: str) -> list[Path]:
    """The tests, and the doubles and factories that they use."""
    folders = [ROOT / app / name for app in apps for name in ("tests", "testing")]
    return [file for folder in folders for file in sorted(folder.rglob("*.py"))]


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_within(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


def imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that is imported, wherever in the file."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def imports_of(file: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(file.read_text())
    return imports(tree, module_name(file), is_package=file.name == "__init__.py")


def is_test(module: str) -> bool:
    return any(is_within(module, part) for part in TESTING)


def breaches(source: str, module: str, *, is_package: bool = False) -> list[str]:
    found = []
    parts = [
        part for part in FORBIDDEN if is_within(module, part) and is_test(part) == is_test(module)
    ]
    for line, imported in imports(ast.parse(source), module, is_package=is_package):
        for part in parts:
            found += [
                f"{line}: {module} imports {imported}"
                for banned in FORBIDDEN[part]
                if is_within(imported, banned)
            ]
        if not (is_within(module, PROVIDERS) or is_test(module)) and any(
            is_within(imported, provider) for provider in REGISTRY_ONLY
        ):
            found.append(f"{line}: {module} imports {imported}; ask the registry")
    return sorted(set(found))


def service_packages(found: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Package under services -> the others that it imports, of pairs (module, what it imports)."""
    graph: dict[str, set[str]] = {}
    for module, imported in found:
        if is_within(module, SERVICES[0]) and is_within(imported, SERVICES[0]):
            importer, other = (name.split(".")[2:3] for name in (module, imported))
            if importer and other and importer != other:
                graph.setdefault(importer[0], set()).add(other[0])
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize(
    "file",
    [
        *source_files("bulk_admin", "prompts", "prompts_manager"),
        *files_of_tests("bulk_admin", "prompts"),
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_imports_run_one_way(file):
    found = breaches(file.read_text(), module_name(file), is_package=file.name == "__init__.py")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("prompts.services.publishing", "from bulk_admin.admin.bulk_actions import kit"),
        ("prompts.models", "from prompts.services import publishing"),
        ("prompts.templatetags.prompt_pictures", "from prompts.admin import pages"),
        ("prompts.views", "from bulk_admin.testing.factories import make_job"),
        ("bulk_admin.models.jobs", "from bulk_admin.services import ledger"),
        ("bulk_admin.models.jobs", "from bulk_admin.selectors import tiles"),
        ("bulk_admin.models.jobs", "def later():\n    import bulk_admin.admin.jobs"),
        ("bulk_admin.selectors.tiles", "from bulk_admin.admin.job_page import tiles"),
        ("bulk_admin.templatetags.bulk", "from bulk_admin import admin"),
        ("bulk_admin.progress", "from .admin.job_page import sentences"),
        ("bulk_admin.testing.factories", "from bulk_admin.tests.support import processes"),
        ("bulk_admin.tests.services.writing.test_content", "from prompts.tests import making"),
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


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bulk_admin.services.worker.pump", "from bulk_admin.models import GeneratedImage"),
        ("bulk_admin.services.pump", "from .image_providers import provider_class"),
        ("prompts.admin.pages", "from bulk_admin.admin.bulk_actions import kit"),
        (
            "bulk_admin.tests.providers.test_replicate",
            "from bulk_admin.services.image_providers.replicate import ReplicateProvider",
        ),
    ],
)
def test_an_import_that_runs_the_right_way_is_no_breach(module, source):
    assert not breaches(source, module)


def test_the_packages_of_services_form_no_circle():
    found = circle(
        service_packages(
            (module_name(file), imported)
            for file in source_files("bulk_admin")
            for _, imported in imports_of(file)
        )
    )
    assert not found, " -> ".join(reversed(found))


def test_a_circle_is_found():
    sources = {
        "bulk_admin.services.ledger.opening": "from bulk_admin.services.worker.pump import Pump",
        "bulk_admin.services.worker.pump": "def f():\n    from bulk_admin.services import pages",
        "bulk_admin.services.pages.steps": "from ..ledger import opening",
    }

    def graph():
        return service_packages(
            (module, imported)
            for module, source in sources.items()
            for _, imported in imports(ast.parse(source), module, is_package=False)
        )

    assert set(circle(graph())) == {"ledger", "worker", "pages"}
    sources["bulk_admin.services.pages.steps"] = "from . import texts"
    assert not circle(graph())


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
