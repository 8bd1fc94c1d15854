"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate
from django.test import Client

from bulk_admin.models import ImageModel, ModelPrice, ProviderAccount
from bulk_admin.services.worker import draining
from bulk_admin.testing.factories import make_account, make_user

from . import html_rules, migrated, processes, run_folder

PAGES_READ = 3
DJANGOS = {"admin/auth/user/change_password.html"}  # closes a paragraph that it did not open
STAFF_PERMISSIONS = (
    "bulk_admin.view_bulkgenerationjob",
    "bulk_admin.add_bulkgenerationjob",
    "bulk_admin.change_bulkgenerationjob",
    "bulk_admin.view_generatedimage",
    "bulk_admin.change_generatedimage",
    "bulk_admin.generate",
    "bulk_admin.create_pages",
)


@pytest.fixture(scope="session")
def django_db_keepdb(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: Any
) -> bool:
    """Workers that share a server, or SQLite, share the work of migrating too."""
    reuse: bool = request.config.getvalue("reuse_db")
    shared = Path(os.environ[run_folder.NAME]).parent
    server = os.environ.get("TEST_DATABASE_URL", str(shared))
    is_ours = str(shared) in server and os.environ.get("TEST_DATABASE") != "postgres-each"
    if reuse or not is_ours or not hasattr(request.config, "workerinput"):
        return reuse
    with django_db_blocker.unblock():
        migrated.begin_with_copy(shared)
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The seeded catalogue comes back whenever a transactional test has emptied the database."""
    with django_db_blocker.unblock():
        models, prices = list(ImageModel.objects.all()), list(ModelPrice.objects.all())

    def seed_again(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
        if not ImageModel.objects.using(using).exists():
            ImageModel.objects.using(using).bulk_create(models)
            ModelPrice.objects.using(using).bulk_create(prices)

    # An app that is migrated before ours: the catalogue is there when the accounts are set up.
    before = apps.get_app_config("auth")
    post_migrate.connect(seed_again, sender=before, weak=False)
    yield
    post_migrate.disconnect(seed_again, sender=before)


@pytest.fixture
def staff(db: None) -> Any:
    """Staff who may generate and create pages, and are not superusers."""
    return make_user("sam", *STAFF_PERMISSIONS)


@pytest.fixture
def superuser(db: None) -> Any:
    return make_user("root", is_superuser=True)


@pytest.fixture
def placeholder_account(db: None) -> ProviderAccount:
    """The platform's placeholder account, as migrate makes it."""
    found = ProviderAccount.objects.platform().filter(provider="placeholder").first()
    return found or make_account()


@pytest.fixture
def undrained() -> Iterator[None]:
    """This process goes on after a test that asked it to end."""
    yield
    draining._asked_at.clear()


@pytest.fixture
def worker_process(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts real workers on the test database: ``worker_process(env={...})``; all are killed with
    the test.

    Their output is in ``process.log``.
    """
    running: list[Any] = []

    def start(*, command: str = "bulk_worker", env: Mapping[str, str] | None = None) -> Any:
        log = tmp_path / f"worker-{len(running) + 1}.log"
        process = processes.start((command,), log, env or {})
        process.log = log
        running.append(process)
        return process

    yield start
    for process in running:
        processes.kill(process)


@pytest.fixture(scope="session", autouse=True)
def pages_read() -> Iterator[Counter[object]]:
    """Every page that a test is answered must be good HTML; how many were read, by kind.

    So that it costs little, the first pages of each status and set of templates are read.
    """
    seen: Counter[object] = Counter()
    plain = Client.request

    def request(client: Client, **given: Any) -> Any:
        answer = plain(client, **given)
        if answer.get("Content-Type", "").startswith("text/html") and not answer.streaming:
            names = frozenset(template.name for template in answer.templates or ())
            kind = (answer.status_code, names)
            seen[kind] += 1
            if seen[kind] <= PAGES_READ and DJANGOS.isdisjoint(names):
                found = html_rules.problems(answer.content.decode())
                assert not found, f"{answer.request['PATH_INFO']}: {'; '.join(found)}"
        return answer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Client, "request", request)
        yield seen
