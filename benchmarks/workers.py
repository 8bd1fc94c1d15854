"""Worker processes on this site, with the settings of production, watched: memory and processor
seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from benchmarks import site
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.tests.support import processes

from django_q.models import Success  # isort: skip  # its models want the site, too

AS_IN_PRODUCTION = {
    "BULK_HEARTBEAT": "20",
    "BULK_LEASE": "90",
    "BULK_RESCUE_EVERY": "30",
    "MALLOC_ARENA_MAX": "2",
}  # tests shorten them; Procfile
MEGABYTE = 1_000_000


@dataclass
class Watch:
    """The peaks of a family of processes, sampled four times a second.

    Bytes, and seconds of one core.
    """

    process: psutil.Popen
    largest: int = 0
    together: int = 0
    cpu: dict[int, float] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.over.wait(0.25):
            self.look()

    def look(self) -> None:
        sizes = []
        for one in processes.kin(self.process):
            try:
                times = one.cpu_times()
                self.cpu[one.pid] = times.user + times.system
                sizes.append(one.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        self.largest = max([self.largest, *sizes])
        self.together = max(self.together, sum(sizes))

    @property
    def cpu_seconds(self) -> float:
        return sum(self.cpu.values())

    @property
    def memory(self) -> str:
        return (
            f"{self.largest / MEGABYTE:.0f} MB (its whole tree, shared pages counted again:"
            f" {self.together / MEGABYTE:.0f} MB)"
        )


@contextmanager
def watched(process: psutil.Popen) -> Iterator[Watch]:
    watch = Watch(process)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.over.set()
        thread.join()


@contextmanager
def worker(
    number: int = 1,
    *,
    command: str = "bulk_worker",
    env: Mapping[str, str] | None = None,
    waits: bool = True,
) -> Iterator[Watch]:
    """One ``bulk_worker`` as on a host of its own: with its own lock, and so with a pump of its
    own.
    """
    extra = {
        **AS_IN_PRODUCTION,
        "BULK_PUMP_LOCK": str(site.FOLDER / f"pump-{number}.lock"),
        **(env or {}),
    }
    process = processes.start((command,), site.FOLDER / f"worker-{number}.log", extra)
    try:
        if waits:
            _wait_until_it_works(number)
        with watched(process) as watch:
            yield watch
    finally:
        processes.kill(process)


def _wait_until_it_works(number: int) -> None:
    """Starting is not what is measured: it has answered a doorbell and waits."""
    before = Success.objects.count()
    ring()
    processes.wait_until(
        lambda: Success.objects.count() > before,
        seconds=60,
        what=f"worker {number} answers a doorbell",
    )
