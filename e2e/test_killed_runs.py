"""Nothing outlives a run that is killed: no browser, no worker, no server and no folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from bulk_admin.tests.support import run_folder
from bulk_admin.tests.support.processes import ROOT, wait_until


def started(tmp_path, number):
    """The process id of the worker in which a test of the small run runs, and its folder."""
    note = tmp_path / f"{number}.ready"
    wait_until(note.exists, what=f"test {number} has started all it starts")
    pid, folder = note.read_text().splitlines()
    return int(pid), Path(folder)


def test_nothing_outlives_a_killed_worker_nor_a_killed_run(tmp_path):
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "no:randomly"),
        "e2e/endless_run.py",
    ]
    env = run_folder.outside() | {"TELL_IN": str(tmp_path)}
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log) as run,
    ):
        try:
            worker, folder = started(tmp_path, 1)
            kinds = {process.name() for process in run_folder.processes_of(folder)}
            assert "postgres" in kinds
            psutil.Process(worker).kill()
            wait_until(
                lambda: run_folder.is_gone(folder), what="what the killed worker started ends"
            )
            _, second = started(tmp_path, 2)
            assert run_folder.processes_of(second)
        finally:
            run.kill()
    whole = second.parent
    assert whole.name.startswith(run_folder.PREFIX)
    wait_until(lambda: run_folder.is_gone(whole), what="what the killed run started ends")
