"""Whatever a run started ends with it, also when a worker or the whole run is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bulk_admin.tests.support import processes, run_folder
from bulk_admin.tests.support.processes import ROOT

pytestmark = pytest.mark.process


@pytest.fixture
def elsewhere(tmp_path):
    """Runs a bit of Python in a run of its own, whose folder is made in ``tmp_path``."""
    running = []

    def run(code):
        process = subprocess.Popen(
            [sys.executable, "-c", f"{OPEN}\n{code}"],
            cwd=ROOT,
            env=run_folder.outside() | {"TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        processes.kill(process)
        process.communicate()


OPEN = (
    "import subprocess, sys, signal, psutil\n"
    "from bulk_admin.tests.support.run_folder import open_one\n"
    "folder = open_one()"
)
SLEEPER = "[sys.executable, '-c', 'import signal; signal.pause()']"


def test_a_run_that_ends_by_itself_waits_until_all_is_ended(elsewhere):
    run = elsewhere(f"subprocess.Popen({SLEEPER}, start_new_session=True); print(folder)")
    folder = Path(run.communicate(timeout=60)[0].strip())
    assert run_folder.is_gone(folder)


def test_the_next_run_ends_what_one_left_whose_guard_was_killed_too(elsewhere):
    dead = elsewhere(
        "guard = psutil.Process().children()[0].pid\n"
        f"left = subprocess.Popen({SLEEPER}, start_new_session=True)\n"
        "print(folder, guard, left.pid, flush=True); signal.pause()"
    )
    name, guard, left = dead.stdout.readline().split()
    alive = elsewhere("print(folder, flush=True); signal.pause()")
    other = Path(alive.stdout.readline().strip())
    psutil.Process(int(guard)).kill()
    dead.kill()
    dead.wait()
    assert psutil.pid_exists(int(left))
    stranger = other.parent / f"{run_folder.PREFIX}not-ours"
    stranger.mkdir()  # nothing says that a run made it

    elsewhere("pass").communicate(timeout=60)

    assert run_folder.is_gone(Path(name))
    assert alive.poll() is None
    assert other.exists()
    assert stranger.exists()
