"""What the documents say of the code is so: settings, commands, names, links."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.management import get_commands
from django_q.models import OrmQ, Task

from bulk_admin import credentials, models, uploads
from bulk_admin.conf import DEFAULTS
from bulk_admin.services import accounts, image_providers
from bulk_admin.services.image_providers import ImageProvider, ImageResult, errors
from bulk_admin.tests.rules.test_layering import ROOT

README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [str(file.relative_to(ROOT)) for file in DOCUMENTS]
SETTING = re.compile(r"\benv\.\w+\(\s*\"([A-Z][A-Z0-9_]+)\"")


def read_settings():
    return set(SETTING.findall((ROOT / "prompts_manager" / "settings.py").read_text()))


def test_every_setting_that_is_read_is_in_the_readme():
    missing = {name for name in read_settings() if f"`{name}`" not in README}
    assert not missing


def test_every_setting_in_the_readme_is_read():
    listed = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", README, re.MULTILINE)) | set(
        re.findall(r"`(BULK_\w+)`", README)
    )
    assert listed
    assert not listed - read_settings()


def test_the_names_of_bulk_are_listed_with_their_defaults():
    text = (ROOT / "docs/configuration.md").read_text()
    listed = re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| `(.*?)` \|", text, re.MULTILINE)
    assert dict(listed) == {name: repr(value) for name, value in DEFAULTS.items()}
    assert [name for name, _ in listed] == list(DEFAULTS)


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_make_target_that_is_named_exists(file):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert (
        not set(re.findall(r"(?:^|`|=\d+ )make ([a-z-]+)", file.read_text(), re.MULTILINE))
        - targets
    )


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_management_command_that_is_named_exists(file):
    assert not set(re.findall(r"manage\.py ([a-z_]+)", file.read_text())) - set(get_commands())


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_link_leads_to_a_file(file):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", file.read_text())
    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=NAMES)
def test_every_path_that_is_named_exists(file):
    text = file.read_text()
    for path in re.findall(
        r"`((?:bulk_admin|prompts|prompts_manager|services|docs|samples|templates|e2e)/[\w./-]*)`",
        text,
    ):
        assert any((ROOT / folder / path).exists() for folder in ("", "bulk_admin")), path


def packages(folder: str) -> set[str]:
    return {file.parent.name for file in (ROOT / folder).glob("*/__init__.py")}


def test_the_house_is_drawn_as_it_stands():
    drawing = ARCHITECTURE.split("```text")[1].split("```")[0]
    services = drawing.split("  services/\n    ")[1].split("\n  admin/")[0]
    assert set(re.findall(r"^ *(\w+)/ ", services, re.MULTILINE)) == packages("bulk_admin/services")
    admin = drawing.split("\n  admin/")[2].split("\n")[0]
    assert set(re.findall(r"(\w+)/", admin)) == packages("bulk_admin/admin")


@pytest.mark.parametrize("question", ["a screen", "a provider", "money decided"])
def test_a_newcomer_finds(question):
    (row,) = re.findall(rf"^\| {question} \|(.*)\|$", ARCHITECTURE, re.MULTILINE)
    assert re.findall(r"`(?:bulk_admin|services|templates)/[^`]+`", row)


def test_the_rows_of_the_architecture_are_models():
    table = ARCHITECTURE.split("## Rows")[1].split("##")[0]
    rows = set(re.findall(r"`([A-Z]\w+)`", table)) - {"StatusQuerySet"}
    assert rows - set(models.__all__) == {"DeletedPage", "Prompt"}


def test_the_steps_to_a_new_provider_name_what_is_there():
    text = (ROOT / "docs/adding-a-provider.md").read_text()
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1))

    classes = set(re.findall(r"`([A-Z]\w+)`", text)) - {"CHANGELOG"}
    known = {
        name
        for module in (errors, image_providers, credentials, models, accounts)
        for name in vars(module)
    }
    assert not {name for name in classes if not name.isupper()} - known
    assert not {name for name in classes if name.isupper()} - known
    for name in (
        "name",
        "requires_key",
        "takes_base_url",
        "lists_models",
        "is_placeholder",
        "formats",
        "backgrounds",
        "takes_quality",
        "takes_seed",
        "max_pictures",
        "longest_side",
        "holds_calls",
    ):
        assert f"`{name}`" in text
        assert name in ImageProvider.__annotations__
    for name in ImageProvider.__abstractmethods__:
        assert f"`{name}`" in text
    assert {"content", "usage", "request_id"} <= set(ImageResult.__dataclass_fields__)


def test_every_error_of_the_family_has_its_place_in_the_steps():
    text = (ROOT / "docs/adding-a-provider.md").read_text()
    family = [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ProviderError)
    ]
    assert [name for name in family if name != "ProviderError" and f"`{name}`" not in text] == []


def test_what_a_proxy_must_do_is_told_with_the_names_and_numbers_of_the_code():
    text = " ".join((ROOT / "docs/security.md").read_text().split())
    name, _ = settings.SECURE_PROXY_SSL_HEADER
    header = name.removeprefix("HTTP_").replace("_", "-").title()
    assert f"**Strip `{header}`** from what visitors send" in text
    size = uploads.MAX_BODY // uploads.MB
    assert f"Limit the body of a request to {size} MB" in text
    assert f"client_max_body_size {size}m" in text


def test_it_is_told_that_who_writes_to_the_database_runs_code():
    text = " ".join((ROOT / "docs/security.md").read_text().split())
    warning = text.split("**write access to the database.**")[1]
    for table in (OrmQ._meta.db_table, Task._meta.db_table):
        assert f"`{table}`" in warning
    assert "unpickles them, and that runs code" in warning
    assert "To limit the last one:" in warning
