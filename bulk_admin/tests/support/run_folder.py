"""A folder for a run of tests or benchmarks: all that the run started ends with it, in any case.

``open_one()`` makes the folder and starts this file as a guard beside the run, in a session of its
own. The guard waits for the folder's lock, which the kernel gives back when the run is gone, also
after a SIGKILL; then it ends every process that carries the folder's name in its environment, and
removes the folder. Workers of pytest-xdist have a folder and a guard each, inside their run's.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

import psutil

T = TypeVar("T")

NAME = "PROMPTFINDER_RUN_FOLDER"
LOCK = "lock"
PREFIX = "promptfinder-run-"
PATIENCE = 60.0


def open_one() -> Path:
    """Make this process's folder, guard it, and let all temporary files lie in it.

    It is removed when the process ends. What earlier runs left whose guard was killed too goes now.
    """
    outer = os.environ.get(NAME)
    if outer is None:
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            sweep_if_dead(left)
    folder = Path(tempfile.mkdtemp(prefix="" if outer else PREFIX, dir=outer))
    folder.chmod(0o755)  # as root some servers run as a user of their own
    lock = _take_lock(folder)
    guard = subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        env={name: value for name, value in os.environ.items() if name != NAME},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.register_at_fork(after_in_child=lock.close)
    atexit.register(_finish, lock, guard)
    # Where pytest keeps the folders of the last few runs does not change.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.environ |= {NAME: str(folder), "TMPDIR": str(folder)}
    tempfile.tempdir = str(folder)
    return folder


def sweep_if_dead(folder: Path) -> None:
    """End what a run left, unless it still runs, is being swept, or is another user's."""
    try:
        if folder.stat().st_uid != os.getuid():
            return
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sweep(folder)
    except OSError:
        return


def sweep(folder: Path) -> None:
    """End every process that was started from a folder's run, then remove the folder."""
    begins = time.monotonic()
    while (alive := processes_of(folder)) and (spent := time.monotonic() - begins) < PATIENCE:
        for process in alive:
            # Asked like this, PostgreSQL stops at once and gives its shared memory back.
            is_asked = spent < PATIENCE / 4 and _answer_or(process.name, "") == "postgres"
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGQUIT if is_asked else signal.SIGKILL)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def is_gone(folder: Path) -> bool:
    """Whether a run left nothing: neither its folder nor a process, renamed or not."""
    return (
        not folder.exists()
        and not processes_of(folder)
        and not any(
            str(folder) in " ".join(_answer_or(one.cmdline, [])) for one in psutil.process_iter()
        )
    )


def outside() -> dict[str, str]:
    """An environment for a run that is not part of this one, which would end it too."""
    return {name: value for name, value in os.environ.items() if name not in (NAME, "TMPDIR")}


def processes_of(folder: Path) -> list[psutil.Process]:
    """Those that were started from a folder's run, or from one inside it."""
    return [process for process in psutil.process_iter() if _is_of(process, folder)]


def _is_of(process: psutil.Process, folder: Path) -> bool:
    found = _answer_or(process.environ, {}).get(NAME)
    return found is not None and Path(found).is_relative_to(folder)


def _answer_or(ask: Callable[[], T], otherwise: T) -> T:
    """What a process tells, if it is still there and ours to ask."""
    try:
        return ask()
    except (psutil.Error, OSError):
        return otherwise


def _take_lock(folder: Path) -> IO[bytes]:
    """The lock shows only once it is held: a run that begins just then takes none for dead."""
    unseen = folder / f"{LOCK}.new"
    lock = unseen.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    unseen.rename(folder / LOCK)
    return lock


def _finish(lock: IO[bytes], guard: subprocess.Popen[bytes]) -> None:
    """The run is over when its guard is."""
    lock.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        guard.wait(PATIENCE + 20)


def main(folder: Path) -> None:
    try:
        lock = (folder / LOCK).open("rb")
    except FileNotFoundError:
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sweep(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
