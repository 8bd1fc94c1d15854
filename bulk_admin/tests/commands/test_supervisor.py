"""What `make run` starts stays alive, and ends as a whole."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from bulk_admin.tests.support.processes import ROOT, environment, kin, send, wait_until

pytestmark = [
    pytest.mark.process,
    pytest.mark.one_database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (ROOT / ".venv").exists(), reason="make run needs .venv"),
]


@pytest.fixture
def supervisor(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(Path(sys.executable).parent / "supervisord"),
        "-n",
        "-c",
        "prompts_manager/supervisord.conf",
        "--pidfile",
        str(tmp_path / "pid"),
    ]
    if os.getuid() == 0:
        command += ["--user", "root"]
    with (tmp_path / "log").open("wb") as log:
        process = psutil.Popen(
            command,
            cwd=ROOT,
            env=environment({"PORT": str(port), "BULK_GRACE": "2"}),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    process.port, process.log = port, tmp_path / "log"
    try:
        wait_until(lambda: answers(port) and worker_of(process), what="web and worker are up")
        yield process
    finally:
        for one in kin(process):
            send(one, signal.SIGKILL)


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def worker_of(supervisor):
    """The worker's first process, once it has started others."""
    alive = [
        child
        for child in psutil.Process(supervisor.pid).children()
        if child.status() != psutil.STATUS_ZOMBIE
    ]
    found = [child for child in alive if "bulk_worker" in child.cmdline()]
    return found[0] if found and len(found[0].children(recursive=True)) >= 3 else None


def test_a_worker_killed_by_hand_comes_back_and_leaves_nothing_behind(supervisor):
    first = worker_of(supervisor)
    family = [first, *first.children(recursive=True)]
    first.kill()

    second = wait_until(
        lambda: (found := worker_of(supervisor)) and found.pid != first.pid and found,
        what="a new worker",
    )
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    assert second.is_running()


def test_ctrl_c_ends_web_and_worker(supervisor):
    family = kin(supervisor)
    supervisor.send_signal(signal.SIGINT)

    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == [], supervisor.log.read_text()
