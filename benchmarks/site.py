"""A throw-away site: an own database, own media, no .env. Import it before any model.

``--database postgres`` on the command line starts a server of its own, with fsync on as in
production.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys

from bulk_admin.tests.support import run_folder

OURS = (
    "OPENAI_",
    "REPLICATE_",
    "B2_",
    "BULK_",
    "Q_",
    "PUBLIC_MEDIA_URL",
    "CREDENTIAL_KEYS",
    "SENTRY_DSN",
    "DATABASE_URL",
    "ALLOWED_HOSTS",
    "SECURE_",
)
DATABASES = ("sqlite", "postgres")
FOLDER = run_folder.open_one()


def _asked_for() -> str:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--database",
        choices=DATABASES,
        default="postgres" if "benchmarks.sharing" in sys.orig_argv else "sqlite",
    )
    return str(parser.parse_known_args()[0].database)


def _address() -> str:
    if DATABASE == "sqlite":
        return f"sqlite:///{FOLDER / 'db.sqlite3'}"
    import psycopg

    from bulk_admin.tests.support.postgres import start

    address = start()
    with psycopg.connect(address, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM RESET {name}")
        connection.execute("SELECT pg_reload_conf()")
    return address


DATABASE = _asked_for()
signal.signal(
    signal.SIGTERM, lambda number, frame: sys.exit(128 + number)
)  # with every ``finally``: nothing is left running
for name in [name for name in os.environ if name.startswith(OURS)]:
    del os.environ[name]
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "prompts_manager.settings",
    "ENV_FILE": os.devnull,
    "DEBUG": "true",
    "SECRET_KEY": "a-key-for-benchmarks-only-that-is-longer-than-fifty-characters",
    "MEDIA_FOLDER": str(FOLDER / "media"),
    "BULK_PUMP_LOCK": str(FOLDER / "pump.lock"),
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright's synchronous interface runs an event loop
}
os.environ["DATABASE_URL"] = _address()

import django  # noqa: E402  # after the environment that the settings read

django.setup()

from django.conf import settings  # noqa: E402  # after setup
from django.core.management import call_command  # noqa: E402  # after setup

settings.DEBUG = False  # or Django would keep every query; DEBUG above only spares the secrets
for name in ("bulk_admin", "prompts"):
    logging.getLogger(name).setLevel(logging.WARNING)  # here; the workers write theirs to a file
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
call_command("migrate", verbosity=0)
