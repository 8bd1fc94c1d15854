"""Pictures per minute of one worker at a provider's limit; beside it a task for each picture, and a
bare asyncio script.

python -m benchmarks.throughput --limit 250 --latency 30 --minutes 3 --database postgres
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

import psutil

from benchmarks import site
from benchmarks.pace import cycle, most_in_a_window, within
from benchmarks.provider import Running, provider
from benchmarks.report import head, note, percent, tell
from benchmarks.rows import account_at, begin, forget_everything, queue_pictures
from benchmarks.workers import Watch, watched, worker
from bulk_admin.models import CallState, ProviderCall


@dataclass(frozen=True)
class Run:
    limit: int
    latency: float
    seconds: float
    window: float
    workers: int  # of the way with a task for each picture

    @property
    def ideal(self) -> int:
        return round(self.limit * self.seconds / self.window)

    @property
    def wanted(self) -> int:
        """More than can be made, so that the queue never runs dry."""
        return self.ideal + 2 * self.limit

    @property
    def name(self) -> str:
        return (
            f"{self.limit} per minute, {self.latency:g} s latency, {self.seconds:g} s,"
            f" {site.DATABASE}"
        )


def ours(run: Run) -> float:
    """Makes the pictures and prints the figures."""
    with provider(limit=run.limit, latency=run.latency, window=run.window) as server:
        account = account_at(server.base_url, limit=run.limit, max_in_flight=max(run.limit, 8))
        with worker(env={"BULK_WINDOW": str(run.window), "BULK_MAX_IN_FLIGHT": "300"}) as watch:
            queue_pictures(account, run.wanted)
            began = time.time()
            begin()
            stored, calls = _wait(server, run, began, lambda: _stored(account.pk))
            watch.look()
        _tell_ours(run, server, stored, calls, watch)
    forget_everything()
    return stored


def _wait(server: Running, run: Run, began: float, count: object) -> tuple[int, list[float]]:
    """Pictures stored in the run's length, the first answer's latency left out; and when their
    calls came in.
    """
    time.sleep(max(began + run.latency + run.seconds - time.time(), 0))
    return count(), server.arrivals()


def _stored(account_id: int) -> int:
    """Without the one that was bought first."""
    return ProviderCall.objects.filter(account=account_id, state=CallState.DELIVERED).count() - 1


def _tell_ours(run: Run, server: Running, stored: int, calls: list[float], watch: Watch) -> None:
    sent = within(calls, run.seconds)
    steady = cycle(calls, run.limit)
    tell(
        "Calls at the provider", run.name, f"{sent}", f"ideal {run.ideal}", percent(sent, run.ideal)
    )
    tell(
        "Pictures stored, counted from the first answer due",
        run.name,
        f"{stored}",
        f"ideal {run.ideal}",
        percent(stored, run.ideal),
    )
    if steady:
        tell(
            f"From a call to the {run.limit}th after it, median",
            run.name,
            f"{steady:.2f} s",
            f"window {run.window:g} s",
            percent(run.window, steady),
        )
    tell(
        "Most calls in a window",
        run.name,
        f"{most_in_a_window(calls, run.window)}",
        f"limit {run.limit}",
        f"429s: {server.refused()}",
    )
    tell("Peak memory of the process", run.name, watch.memory)
    tell(
        "Processor seconds a picture, all of the worker",
        run.name,
        f"{watch.cpu_seconds / max(stored, 1):.3f} s",
    )


def one_task_each(run: Run) -> int:
    from benchmarks.one_task_each import TASK
    from bulk_admin.background import run_soon

    with provider(limit=run.limit, latency=run.latency, window=run.window) as server:
        with worker(2, command="bulk_worker", env={"Q_WORKERS": str(run.workers)}) as watch:
            began = time.time()
            for number in range(min(run.wanted, 200)):
                run_soon(TASK, number, server.base_url, group="benchmark")
            made, _ = _wait(
                server,
                run,
                began,
                lambda: len(
                    list(
                        (site.FOLDER / "media" / "private" / "originals" / "tasks").glob(
                            "task-*.json"
                        )
                    )
                ),
            )
            watch.look()
        tell(
            f"A task for each picture, {run.workers} Django-Q2 workers",
            run.name,
            f"{made}",
            f"ideal {run.ideal}",
            percent(made, run.ideal),
        )
        tell("Peak memory of a worker, a task for each picture", run.name, watch.memory)
    return made


def bare_asyncio(run: Run) -> int:
    folder = site.FOLDER / "asyncio"
    with provider(limit=run.limit, latency=run.latency, window=run.window) as server:
        at_once = max(1, round(run.limit * run.latency / run.window))
        command = [
            sys.executable,
            "-m",
            "benchmarks.bare_asyncio",
            server.base_url,
            str(folder),
            "--at-once",
            str(at_once),
            "--count",
            str(run.wanted),
        ]
        began = time.time()
        with psutil.Popen(command, stderr=subprocess.DEVNULL) as process, watched(process) as watch:
            made, _ = _wait(server, run, began, lambda: len(list(folder.glob("*.png"))))
            watch.look()
            process.kill()
        tell(
            f"Bare asyncio, semaphore of {at_once}",
            run.name,
            f"{made}",
            f"ideal {run.ideal}",
            f"{percent(made, run.ideal)}, 429s: {server.refused()}",
        )
        tell(
            "Peak memory, bare asyncio",
            run.name,
            watch.memory,
            "",
            f"{watch.cpu_seconds / max(made, 1):.3f} s of processor a picture",
        )
    return made


def compare(run: Run, *, baselines: bool) -> None:
    note(f"One worker at {run.name}")
    stored = ours(run)
    if not baselines:
        return
    note("A task for each picture")
    tasks = one_task_each(run)
    note("A bare asyncio script")
    script = bare_asyncio(run)
    tell(
        "One worker against a task for each picture",
        run.name,
        f"{stored}",
        f"{tasks}",
        f"{stored / max(tasks, 1):.1f} times",
    )
    tell(
        "One worker against bare asyncio",
        run.name,
        f"{stored}",
        f"{script}",
        f"{stored / max(script, 1):.2f} times",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, nargs="+", default=[5, 50, 250])
    parser.add_argument("--latency", type=float, default=30.0)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument(
        "--quick", action="store_true", help="seconds for minutes: shows that it runs, not how fast"
    )
    given = parser.parse_args()
    head()
    if given.quick:
        compare(Run(limit=12, latency=0.5, seconds=4.0, window=2.0, workers=4), baselines=True)
        return
    for limit in given.limit:
        run = Run(
            limit=limit, latency=given.latency, seconds=given.minutes * 60, window=60.0, workers=4
        )
        compare(run, baselines=not given.no_baselines)


if __name__ == "__main__":
    main()
