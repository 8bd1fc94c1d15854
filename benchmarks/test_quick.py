"""Every benchmark runs and tells figures.

How fast is for ``make bench`` to say, on a quiet machine.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from benchmarks.__main__ import RUNS
from benchmarks.pace import cycle, most_in_a_window, within
from benchmarks.report import HEAD
from bulk_admin.tests.rules.test_layering import ROOT

# Each makes a site of its own, so one run of the tests is enough.
once = pytest.mark.skipif(
    os.environ.get("TEST_DATABASE") == "postgres", reason="the benchmarks choose their own database"
)


# The others start several workers or a browser, and wait for windows of time: ``make bench`` runs
# them all.
QUICK = [
    name
    for name in RUNS
    if name not in ("throughput", "sharing", "queue_depth", "tile_delay", "job_page")
]


@once
@pytest.mark.process
@pytest.mark.parametrize("name", QUICK)
def test_it_runs_and_tells_figures(name):
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) >= 3
    assert all(len(row) == len(HEAD) and row[2].strip() for row in rows)
    assert "nan" not in done.stdout


def test_every_benchmark_is_run_by_make_bench():
    modules = {
        file.stem for file in (ROOT / "benchmarks").glob("*.py") if "--quick" in file.read_text()
    } - {"__main__", "test_quick"}
    assert modules == set(RUNS)


def test_a_window_is_searched_wherever_it_begins():
    calls = [0.0, 30.0, 59.9, 60.0, 60.1, 119.8]
    assert most_in_a_window(calls, 60.0) == 4
    assert within(calls, 60.0) == 3
    assert most_in_a_window([], 60.0) == 0


def test_a_cycle_is_the_window_when_every_slot_is_used_at_once():
    assert cycle([0.0, 1.0, 60.5, 61.5, 121.0], limit=2) == 60.5
    assert cycle([0.0, 1.0], limit=2) is None
