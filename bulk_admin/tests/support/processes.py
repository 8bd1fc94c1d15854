"""Real worker processes on the test database, ended by their id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection

from bulk_admin.conf import conf

ROOT = Path(__file__).resolve().parents[3]
# Far more than any wait takes, for the machine may be slow and busy; only a failing test ever waits
# so long.
PATIENCE = 120.0
FAST = {
    "BULK_HEARTBEAT": "0.5",
    "BULK_LEASE": "3",
    "BULK_RESCUE_EVERY": "1",
    "BULK_COLLECT_SECONDS": "3",
}


def database_url() -> str:
    """The address of the database that this test is connected to."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    host = connection.settings_dict["HOST"] or connection.settings_dict["OPTIONS"].get("host", "")
    user, port = connection.settings_dict["USER"], connection.settings_dict["PORT"]
    password = connection.settings_dict["PASSWORD"]
    login = f"{quote(user)}:{quote(password)}" if password else quote(user)
    where = (
        f"@/{name}?host={quote(host, safe='/')}"
        if host.startswith("/")
        else f"@{host}{f':{port}' if port else ''}/{name}"
    )
    return f"postgresql://{login}{where}"


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "BULK_PAGES": conf.PAGES,
        "MEDIA_FOLDER": str(settings.MEDIA_FOLDER),
        "PYTHONUNBUFFERED": "1",
        **FAST,
        **extra,
    }


def start(command: tuple[str, ...], log: Path, env: Mapping[str, str]) -> psutil.Popen:
    with log.open("ab") as out:
        return psutil.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment(env),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: psutil.Popen, *, seconds: float = 30) -> None:
    """SIGTERM to every process of it, as Heroku sends it; SIGKILL to what is left."""
    family = kin(process)
    for one in family:
        send(one, signal.SIGTERM)
    for one in still_running(family, seconds=seconds):
        send(one, signal.SIGKILL)
    still_running(family, seconds=10)


def kill(process: psutil.Popen) -> None:
    """SIGKILL to every process of it at once."""
    family = kin(process)
    for one in family:
        send(one, signal.SIGKILL)
    still_running(family, seconds=10)


def still_running(family: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Those that have not ended within so many seconds.

    One that has ended may stay in the list of processes for good: the first process of a container
    need not ask how its orphans ended, and waiting for that took ten seconds each time.
    """
    until = time.monotonic() + seconds
    while family and time.monotonic() < until:
        _, family = psutil.wait_procs(family, timeout=0.1)
        family = [one for one in family if not has_ended(one)]
    return family


def has_ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def kin(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def wait_until(condition: Callable[[], Any], *, seconds: float = PATIENCE, what: str = "") -> Any:
    """The first true answer of a condition; AssertionError when none came in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"Not within {seconds} s: {what or condition}")


@contextmanager
def worker(
    log: Path, *, command: str = "bulk_worker", env: Mapping[str, str] | None = None
) -> Iterator[psutil.Popen]:
    """One worker, ended when the block is left."""
    process = start((command,), log, env or {})
    try:
        yield process
    finally:
        stop(process)
