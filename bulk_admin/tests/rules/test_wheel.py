"""The wheel is the generator alone, with its templates and static files inside the app, and it
says what it needs.
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import Message
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

import bulk_admin
from bulk_admin.tests.rules.test_layering import ROOT, imports_of, source_files

# Where a folder of the repository lies in the wheel.
PLACES = {
    "bulk_admin": "bulk_admin",
    "templates/admin/bulk_admin": "bulk_admin/templates/admin/bulk_admin",
    "templates/adminpack": "bulk_admin/templates/adminpack",
    "static/bulk_admin": "bulk_admin/static/bulk_admin",
}
REPLACED = import_module("bulk_admin.migrations.0001_squashed_0022_rewriting").Migration.replaces
LEFT_OUT = ("bulk_admin/tests/", *(f"{app}/migrations/{name}.py" for app, name in REPLACED))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (built,) = folder.glob("*.whl")
    return ZipFile(built)


def expected() -> Iterator[str]:
    for folder, place in PLACES.items():
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                yield f"{place}/{file.relative_to(ROOT / folder)}"


def files_in(wheel: ZipFile) -> set[str]:
    return {name for name in wheel.namelist() if ".dist-info/" not in name}


def metadata(wheel: ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


def test_the_wheel_has_the_app_and_nothing_else(wheel):
    wanted = {name for name in expected() if not name.startswith(LEFT_OUT)}
    assert files_in(wheel) == wanted
    assert "bulk_admin/py.typed" in wanted


def test_it_has_the_version_that_the_code_says(wheel):
    assert metadata(wheel)["Version"] == bulk_admin.__version__


def test_its_templates_are_built_on_its_own_and_on_django_s(wheel):
    names = {
        name.removeprefix("bulk_admin/templates/")
        for name in files_in(wheel)
        if name.startswith("bulk_admin/templates/")
    }
    django = {"admin/base_site.html", "admin/change_form.html", "admin/change_list.html"}
    unknown = []
    for name in names:
        text = wheel.read(f"bulk_admin/templates/{name}").decode()
        for other in re.findall(r'{% (?:extends|include) "([^"]+)"', text):
            folder = Path(name).parent
            path = folder / other if other.startswith(".") else Path(other)
            if path.as_posix() not in django and _plain(path) not in names:
                unknown.append(f"{name}: {other}")
    assert unknown == []


def _plain(path: Path) -> str:
    return path.resolve().relative_to(Path.cwd()).as_posix()


def needed(wheel: ZipFile, extra: str) -> set[str]:
    lines = metadata(wheel).get_all("Requires-Dist") or []
    wanted = [line for line in lines if "extra ==" not in line or f"extra == '{extra}'" in line]
    return {re.split(r"[^\w.-]", line)[0].lower() for line in wanted}


def used(files: list[Path]) -> dict[str, str]:
    """The distributions of other people that these modules import, each with one of them."""
    known = packages_distributions()
    return {
        owner.lower(): f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for line, imported in imports_of(file)
        if imported.split(".")[0] not in {"bulk_admin", "prompts", *sys.stdlib_module_names}
        for owner in known.get(imported.split(".")[0], [imported])
    }


def test_whatever_it_imports_is_named_where_it_is_needed(wheel):
    """A site with local files installs neither boto3 nor django-storages."""
    sources = source_files("bulk_admin")
    b2 = [ROOT / "bulk_admin/b2.py"]
    testing = sorted((ROOT / "bulk_admin/testing").rglob("*.py"))
    for files, extra in (([*(set(sources) - set(b2))], ""), (b2, "b2"), (testing, "testing")):
        found = used(files)
        missing = {name: where for name, where in found.items() if name not in needed(wheel, extra)}
        assert missing == {}, f"pyproject.toml does not name it{extra and f' for [{extra}]'}"
