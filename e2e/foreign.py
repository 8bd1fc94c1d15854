"""A site that is not ours: what ``startproject`` writes, an app with a model of its own, and the
wheel in a new environment, where the repository is on no path.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from bulk_admin.tests.support.processes import ROOT

# The host's own: none of it is for us.
HOST = """
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS += ["django_q", "crispy_bootstrap5", "recipes"]
Q_CLUSTER = {"name": "kitchen", "orm": "default", "timeout": 60, "retry": 90, "queue_limit": 50}
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
"""
OURS = """
INSTALLED_APPS += ["crispy_forms", "django_htmx"]
INSTALLED_APPS += ["bulk_admin"]
from django.conf.global_settings import STORAGES
FILES = {"BACKEND": "bulk_admin.storages.DurableFileStorage", "OPTIONS": {"location": "private"}}
STORAGES = {**STORAGES, "private": FILES}
BULK = {"PAGES": "recipes.bulk.RecipePages"}
"""
APP = {
    "kitchen/urls.py": """
from django.urls import path
from recipes.admin import desk
from recipes.views import order
urlpatterns = [path("desk/", desk.urls), path("order/", order)]
""",
    "recipes/__init__.py": "",
    "recipes/models.py": """
import uuid
from django.db import models

class Recipe(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=80)
    photo = models.FileField()
    made_of = models.CharField(max_length=40, unique=True)

    def __str__(self):
        return self.name
""",
    "recipes/admin.py": """
from django.contrib.admin import AdminSite, ModelAdmin
from bulk_admin.admin import register_on
from recipes.models import Recipe

desk = AdminSite(name="desk")
desk.register(Recipe, ModelAdmin)
register_on(desk)
""",
    "recipes/views.py": """
from crispy_forms.utils import render_crispy_form
from django import forms
from django.http import HttpResponse

class Order(forms.Form):
    dish = forms.CharField()

def order(request):
    return HttpResponse("<!doctype html>" + render_crispy_form(Order()))
""",
    "recipes/bulk.py": """
from django.core.files.base import ContentFile
from bulk_admin.adapter import PageAdapter
from recipes.models import Recipe

class RecipePages(PageAdapter):
    model = "recipes.Recipe"

    def create(self, draft, stored):
        recipe = Recipe(made_of=draft.source_ref, name=draft.content.title[:80])
        if there := Recipe.objects.filter(made_of=draft.source_ref).first():
            return there
        recipe.photo.save(f"{draft.source_ref}.webp", ContentFile(draft.webp(600)[0].content))
        return recipe
""",
    "recipes/stores.py": """
from django.core.files.storage import FileSystemStorage

class CloudError(Exception):
    pass

class Broken(FileSystemStorage):
    def _save(self, name, content):
        raise CloudError("the bucket is full")

class Renaming(FileSystemStorage):
    def get_available_name(self, name, max_length=None):
        return name + "_1"
""",
}
# A site with local files installs neither; here they are in the tests' own environment.
WITHOUT_B2 = "import sys; sys.modules.update(dict.fromkeys(['boto3', 'botocore', 'storages']))"


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = str(folder / "venv/bin/python")
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONPATH", "DJANGO_SETTINGS_MODULE") and "DATABASE" not in name
        } | {"PYTHONUNBUFFERED": "1", "BULK_PUMP_LOCK": ""}

    def build(self) -> None:
        """Third-party packages are those of the tests' environment, by a .pth file, so that nothing
        is fetched; the app itself is installed from its wheel.
        """
        run = [sys.executable, "-m"]
        wheels = self.folder / "wheels"
        _done([*run, "hatchling", "build", "-t", "wheel", "-d", str(wheels)], ROOT)
        _done([*run, "venv", "--without-pip", str(self.folder / "venv")], self.folder)
        packages = Path(
            _done(
                [self.python, "-c", "import sysconfig as s; print(s.get_path('purelib'))"], ROOT
            ).stdout.strip()
        )
        (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n{WITHOUT_B2}\n")
        (wheel,) = wheels.glob("*.whl")
        install = ["uv", "pip", "install", "--offline", "--no-deps", "--python", self.python]
        _done([*run, *install, str(wheel)], self.folder)
        self.start_project("kitchen", self.folder).check_returncode()
        for name, text in APP.items():
            file = self.folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        self.default_settings = self.settings.read_text()
        self.configure()

    @property
    def settings(self) -> Path:
        return self.folder / "kitchen/settings.py"

    def configure(self, *, without: str = "", more: str = "") -> None:
        """Write the settings, perhaps without one of our lines."""
        ours = "\n".join(line for line in OURS.splitlines() if not without or line != without)
        self.settings.write_text(f"{self.default_settings}{HOST}{ours}\n{more}\n")

    def command(self, *words: str) -> list[str]:
        return [self.python, "manage.py", *words]

    def start_project(self, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
        command = [self.python, "-m", "django", "startproject", name, "."]
        return self._run(command, folder, {})

    def manage(
        self, *words: str, folder: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self._run(self.command(*words), folder or self.folder, variables)

    def _run(
        self, command: list[str], folder: Path, variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def _done(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
