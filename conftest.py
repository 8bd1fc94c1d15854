"""The tests' own environment: nothing of a developer's .env, keys, media or network reaches a test.

It is set up when this file is imported, before Django reads its settings, so ``pytest`` alone is
enough. ``TEST_DATABASE=postgres`` starts a PostgreSQL server for the run; ``TEST_DATABASE_URL``
names one that runs; ``TEST_DATABASE=postgres-each`` starts one for each worker of pytest-xdist,
which its tests may crash. ``TEST_DATABASE_FILE`` names a migrated SQLite file that the run may
fill: with ``--reuse-db`` it need not migrate one.
"""

from __future__ import annotations

import gc
import os
import sys
from ipaddress import ip_address
from typing import Any

import django
import pytest

from bulk_admin.tests.support import run_folder

FOLDER = run_folder.open_one()
OURS = (
    "OPENAI_",
    "REPLICATE_",
    "B2_",
    "BULK_",
    "Q_",
    "LOG_FORMAT",
    "PUBLIC_MEDIA_URL",
    "CREDENTIAL_KEYS",
    "SENTRY_DSN",
    "DATABASE_URL",
    "ALLOWED_HOSTS",
    "SECURE_",
)
for name in [name for name in os.environ if name.startswith(OURS)]:
    del os.environ[name]
DATABASE = os.environ.get("TEST_DATABASE", "sqlite")
if DATABASE == "postgres-each" or (
    DATABASE == "postgres" and "TEST_DATABASE_URL" not in os.environ
):
    from bulk_admin.tests.support.postgres import start

    # The workers of pytest-xdist are children of this process and find the one server here.
    os.environ["TEST_DATABASE_URL"] = start()
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "bulk_admin.tests.support.settings",
    "ENV_FILE": os.devnull,
    "DEBUG": "true",
    "SECRET_KEY": "a-key-for-tests-only-that-is-longer-than-fifty-characters",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", f"sqlite:///{FOLDER / 'unused.sqlite3'}"),
    "MEDIA_FOLDER": str(FOLDER / "media"),
    "BULK_SLOW_START": "0",  # most tests are about many calls at once, at a provider seen first
    "BULK_PUMP_LOCK": str(FOLDER / "pump.lock"),
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright's synchronous interface runs an event loop
}
django.setup()

from django.conf import settings as django_settings  # noqa: E402  # after setup

from bulk_admin.tests.support.second_run import may_differ  # noqa: E402  # after setup

# A worker of pytest-xdist has read its settings before this, with its parent's server.
if DATABASE == "postgres-each":
    django_settings.DATABASES["default"]["OPTIONS"]["host"] = os.environ[
        "TEST_DATABASE_URL"
    ].partition("?host=")[2]
if file := os.environ.get("TEST_DATABASE_FILE"):
    django_settings.DATABASES["default"]["TEST"]["NAME"] = file
if (
    DATABASE == "sqlite"
):  # no test cuts the power; a write that waits for the disk takes milliseconds
    _options = django_settings.DATABASES["default"]["OPTIONS"]
    _options["init_command"] = _options["init_command"].replace("=FULL", "=OFF")
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A busy machine may take seconds to start a thread; workers' own processes keep to the real age.
django_settings.BULK["PERMIT_AGE"] = 60.0
pytest_plugins = ["bulk_admin.testing.fixtures", "bulk_admin.tests.support.fixtures"]


def is_loopback(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost"):
        return True
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return False


def no_outgoing_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a connection or a name look-up that would leave this machine."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not is_loopback(host):
        raise PermissionError(f"A test tried to reach {host!r}: tests use no network but loopback.")


sys.addaudithook(no_outgoing_network)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that wait for processes go first, so that the others fill their waits and none of them
    is left alone at the end.

    The second run is about the other database: what cannot depend on it was seen by the first.
    """
    items.sort(key=lambda item: item.get_closest_marker("process") is None)
    if DATABASE != "sqlite":
        kept = [item for item in items if may_differ(item)]
        config.hook.pytest_deselected(items=[item for item in items if not may_differ(item)])
        items[:] = kept


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: no need to look for garbage in it again."""
    gc.collect()
    gc.freeze()
