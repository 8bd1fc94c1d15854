"""Whatever goes wrong, and wherever: nothing is paid twice unasked, and nothing paid for is lost in silence."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest
from django.db import connection

from bulk_admin.tests import processes
from bulk_admin.tests.auditor import audit, audit_against_till, audit_ends, audit_pages, audit_pictures

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
    again = f"SEEDS={seed} make chaos-{'postgres' if connection.vendor == 'postgresql' else 'sqlite'}"
    assert not findings, "\n".join(["", *findings, f"again with: {again}", stage.story()])


PLATFORM_PATIENCE = 30  # seconds from SIGTERM to SIGKILL on Heroku
TOLD_TOO_EARLY = """
import django; django.setup()
from bulk_admin.management.commands.bulk_worker import SafeCluster, SafeSentinel
from django_q import cluster
cluster.Sentinel = SafeSentinel
early = SafeCluster()
early.sig_handler(15, None)
early.run()
"""


def test_a_cluster_that_is_told_to_end_before_it_has_begun_ends() -> None:
    command = [sys.executable, "-c", TOLD_TOO_EARLY]
    assert subprocess.run(command, cwd=processes.ROOT, env=processes.environment({}), timeout=20, check=False).returncode == 0


def test_a_cluster_that_is_told_to_end_again_and_again_ends(worker_process: Callable[..., psutil.Popen]) -> None:
    worker = worker_process()
    processes.wait_until(lambda: len(processes.kin(worker)) >= 6, what="its processes have begun")
    for _ in range(200):
        processes.send(worker, signal.SIGTERM)
    _, alive = psutil.wait_procs(processes.kin(worker), timeout=PLATFORM_PATIENCE)
    assert not alive, [(one, one.status(), one.cmdline()) for one in alive] + [worker.log.read_text()]


def test_a_seed_draws_the_same_scenario_again() -> None:
    assert [draw(seed, "sqlite") for seed in range(50)] == [draw(seed, "sqlite") for seed in range(50)]
    assert len({repr(draw(seed, "sqlite")) for seed in range(50)}) == 50
