"""A project that has just installed the app: each line that is taken out of its settings is named,
with what to write, and until then a worker refuses to start.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bulk_admin.tests.rules.test_layering import ROOT

SETTINGS = """
from pathlib import Path
HERE = Path(__file__).parent
SECRET_KEY = "of a project that is not ours, and long enough to be one of its own"
DEBUG = True
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "crispy_forms",
    "django_htmx",
    "recipes",
    "bulk_admin",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [TEMPLATE_FOLDER],
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": HERE / "db.sqlite3",
    "OPTIONS": {"transaction_mode": "IMMEDIATE"},
}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "private": {"BACKEND": "bulk_admin.storages.DurableFileStorage", "OPTIONS": {"location": HERE}},
}
MEDIA_ROOT = HERE / "media"
Q_CLUSTER = {"name": "theirs", "orm": "default", "timeout": 60, "retry": 90, "queue_limit": 50}
CRISPY_TEMPLATE_PACK = "bootstrap5"
BULK = {"PAGES": "recipes.bulk.RecipePages"}
"""
FILES = {
    "urls.py": "from django.contrib import admin\nfrom django.urls import path\n"
    'urlpatterns = [path("desk/", admin.site.urls)]\n',
    "recipes/__init__.py": "",
    "recipes/models.py": "import uuid\nfrom django.db import models\n"
    "class Recipe(models.Model):\n"
    "    id = models.UUIDField(primary_key=True, default=uuid.uuid4)\n"
    "    made_of = models.CharField(max_length=80, unique=True)\n",
    "recipes/admin.py": "from django.contrib import admin\nfrom recipes.models import Recipe\n"
    "admin.site.register(Recipe)\n",
    "recipes/bulk.py": "from bulk_admin.adapter import PageAdapter\n"
    "from recipes.models import Recipe\n"
    "class RecipePages(PageAdapter):\n"
    '    model = "recipes.Recipe"\n'
    "    def create(self, draft, stored):\n"
    "        return Recipe.objects.get_or_create(made_of=draft.source_ref)[0]\n",
}
OWN_STORAGE = '    "private": {"BACKEND": "bulk_admin.storages.DurableFileStorage"'
DJANGO_S = '    "private": {"BACKEND": "django.core.files.storage.FileSystemStorage"'
PAGES = "recipes/bulk.py"
# What is changed in which file -> what is told, with a part of what to write.
CHANGES = [
    ("settings.py", '    "django_q",\n', "", "E015", 'Add "django_q" to INSTALLED_APPS'),
    ("settings.py", '    "crispy_forms",\n', "", "E015", 'Add "crispy_forms" to INSTALLED_APPS'),
    ("settings.py", '    "django_htmx",\n', "", "E015", 'Add "django_htmx" to INSTALLED_APPS'),
    ("settings.py", "BULK = {", "OTHER = {", "E011", 'BULK = {"PAGES": "yourapp.bulk.YourPages"}'),
    ("settings.py", "recipes.bulk.", "recipes.bulb.", "E012", "No module named 'recipes.bulb'"),
    ("settings.py", '{"PAGES"', '{"PAGE": 1, "PAGES"', "E017", "'PAGES' meant"),
    ("settings.py", OWN_STORAGE, '    "others": {"BACKEND": ""', "E010", "Add it to STORAGES"),
    ("settings.py", OWN_STORAGE, DJANGO_S, "W004", "DurableFileStorage"),
    ("settings.py", '"DIRS": [', '"DIRS": 0 * [', "E014", '"APP_DIRS": True'),
    ("settings.py", '"transaction_mode": "IMMEDIATE"', "", "W006", '"transaction_mode"'),
    ("urls.py", '[path("desk/", admin.site.urls)]', "[]", "E019", 'path("admin/"'),
    (PAGES, "    def create", "    def make", "E013", "create(self, draft, stored)"),
    (PAGES, '"recipes.Recipe"', '"recipes.Cake"', "E012", "app_label.ModelName"),
    (PAGES, "(PageAdapter)", "", "E012", "bulk_admin.adapter.PageAdapter"),
    (PAGES, "class RecipePages", "class RecipePages(", "E012", "SyntaxError"),
    ("recipes/admin.py", "admin.site.register(Recipe)", "", "W005", "Register it"),
]


@pytest.fixture
def project(tmp_path):
    settings = SETTINGS.replace("TEMPLATE_FOLDER", repr(str(ROOT / "templates")))
    for name, text in {**FILES, "settings.py": settings}.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


def change(project: Path, name: str, old: str, new: str) -> None:
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new))


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(project), str(ROOT)])
    env = {**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "settings"}
    command = [sys.executable, "-m", "django", *words]
    return subprocess.run(
        command, cwd=project, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_project_with_all_of_it_has_nothing_to_be_told(project):
    done = run(project, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


@pytest.mark.parametrize(("name", "old", "new", "told", "hint"), CHANGES)
def test_a_line_that_is_missing_is_named_with_what_to_write(project, name, old, new, told, hint):
    change(project, name, old, new)
    done = run(project, "bulk_worker" if told.startswith("E") else "check")
    assert f"bulk_admin.{told}" in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert (done.returncode == 0) == told.startswith("W")


def test_all_that_is_missing_is_told_in_one_run(project):
    for name, old, new, *_ in CHANGES:
        if name == "settings.py" and "bulb" not in new and "FileSystem" not in new:
            change(project, name, old, new)
    told = run(project, "check").stderr
    for number in ("E010", "E011", "E014", "E015", "W006"):
        assert f"bulk_admin.{number}" in told, told
    assert told.count("bulk_admin.E015") == 3
