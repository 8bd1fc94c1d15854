"""One migrated database for all workers of a run: the first one migrates it, and each copies it."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from django.db import connection

NAME = "migrated"


def begin_with_copy(shared: Path) -> None:
    """Let the test database of this process begin as a copy; ``shared`` is the run's own folder.

    Django then migrates the copy, which has nothing left to do. On PostgreSQL it makes the copy by
    itself; on SQLite it must be told to keep the file.
    """
    wanted = connection.settings_dict["TEST"]
    if connection.vendor == "postgresql":
        _migrate_once(shared, NAME)
        wanted["TEMPLATE"] = NAME
    else:
        made = shared / f"{NAME}.sqlite3"
        _migrate_once(shared, str(made))
        shutil.copyfile(made, wanted["NAME"])


def _migrate_once(shared: Path, name: str) -> None:
    done = shared / f"{NAME}.done"
    with (shared / f"{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _migrate(name)
            done.touch()


def _migrate(name: str) -> None:
    of_connection = connection.settings_dict
    before, own = of_connection["NAME"], of_connection["TEST"]["NAME"]
    of_connection["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    of_connection["NAME"], of_connection["TEST"]["NAME"] = before, own
