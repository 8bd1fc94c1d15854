"""Whatever goes wrong, and wherever: nothing is paid twice unasked, and nothing paid for is lost in
silence.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import psutil
import pytest
from django.db import connection

from bulk_admin.management.safe_cluster import BY_FORCE, SafeSentinel
from bulk_admin.tests.support import processes
from bulk_admin.tests.support.auditor import (
    audit,
    audit_against_till,
    audit_ends,
    audit_pictures,
)

from .page_audit import audit_pages
from .scenario import draw
from .stage import Stage
from .verdict import bought_unasked, unknown_without_cause

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


def test_the_books_are_right_after(stage: Stage, seed: int) -> None:
    try:
        stage.play()
        findings = [
            *stage.findings,
            *stage.decisions.broken,
            *audit(),
            *audit_ends(),
            *audit_against_till(stage.server),
            *audit_pictures(stage.server),
            *audit_pages(),
            *bought_unasked(stage),
            *unknown_without_cause(stage),
        ]
    except AssertionError as error:
        findings = [str(error)]
    again = (
        f"SEEDS={seed} make chaos-{'postgres' if connection.vendor == 'postgresql' else 'sqlite'}"
    )
    assert not findings, "\n".join(["", *findings, f"again with: {again}", stage.story()])


TOLD_TOO_EARLY = """
import django; django.setup()
from bulk_admin.management.safe_cluster import SafeCluster, SafeSentinel
from django_q import cluster
cluster.Sentinel = SafeSentinel
early = SafeCluster()
early.sig_handler(15, None)
early.run()
"""


def test_a_cluster_that_is_told_to_end_before_it_has_begun_ends() -> None:
    command = [sys.executable, "-c", TOLD_TOO_EARLY]
    assert (
        subprocess.run(
            command,
            cwd=processes.ROOT,
            env=processes.environment({}),
            timeout=processes.PATIENCE,
            check=False,
        ).returncode
        == 0
    )


def test_a_cluster_that_is_told_to_end_again_and_again_ends(
    worker_process: Callable[..., psutil.Popen],
) -> None:
    worker = worker_process()
    processes.wait_until(lambda: len(processes.kin(worker)) >= 6, what="its processes have begun")
    for _ in range(200):
        processes.send(worker, signal.SIGTERM)
    _, alive = psutil.wait_procs(processes.kin(worker), timeout=processes.PATIENCE)
    assert not alive, [(one, one.status(), one.cmdline()) for one in alive] + [
        worker.log.read_text()
    ]
    assert BY_FORCE not in worker.log.read_text()


LATE_TO_HEED = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("begun", flush=True)
sys.stdin.readline()
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.pause()
"""


class OnlyPressing(SafeSentinel):
    """A guard with one worker that ends nothing by force."""

    def __init__(self, worker: subprocess.Popen[str]) -> None:
        self.pool = [worker]
        self.signals = 0

    def drain_workers(self) -> None:
        if not self.pool:
            raise SystemExit  # the test is over
        super().drain_workers()
        self.signals += 1

    def end_anyway(self) -> None:
        """Or it would end the tests."""


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)  # the thread's end, above
def test_a_worker_that_has_only_just_begun_is_told_again_to_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LATE_TO_HEED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdin and worker.stdout and worker.stdout.readline() == "begun\n"
        sentinel = OnlyPressing(worker)
        pressing = threading.Thread(target=sentinel.press_to_end, daemon=True)
        try:
            pressing.start()
            processes.wait_until(
                lambda: sentinel.signals, what="it gets the signal, and ignores it"
            )
            worker.stdin.write("now\n")
            worker.stdin.flush()
            assert worker.wait(processes.PATIENCE) == -signal.SIGTERM
        finally:
            sentinel.pool.clear()
            worker.kill()
            pressing.join()


def test_a_seed_draws_the_same_scenario_again() -> None:
    assert [draw(seed, "sqlite") for seed in range(50)] == [
        draw(seed, "sqlite") for seed in range(50)
    ]
    assert len({repr(draw(seed, "sqlite")) for seed in range(50)}) == 50
