"""Django-Q's ``qcluster`` for our own cluster, made safe: a stop that reaches every process, and no
wedge when a process dies.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from multiprocessing import active_children
from typing import Any

from django.db import DatabaseError, connections
from django_q import cluster
from django_q.scheduler import scheduler
from django_q.signals import post_spawn

from bulk_admin import background
from bulk_admin.conf import conf
from bulk_admin.management.parents import end_with_parent
from bulk_admin.services.accounts import ensure_platform_accounts
from bulk_admin.services.queue.doorbell import OUR_TASKS, pull_back_schedules, ring
from bulk_admin.services.worker import draining

logger = logging.getLogger(__name__)
LOST_A_LOCK = 70
BY_FORCE = "some process has not ended in time: ending them all"
HEED = 0.2  # seconds


class SafeCluster(cluster.Cluster):  # type: ignore[misc]  # django_q is untyped
    """Stock stops inside its signal handler: a SIGTERM that comes twice, or while it starts, makes
    it wait for itself for ever.
    """

    is_asked = False

    def sig_handler(self, number: int, frame: Any) -> None:
        self.is_asked = True

    def run(self) -> None:
        """Work until a SIGTERM or SIGINT, or until the guard has ended on its own."""
        self.start()
        while self.sentinel.is_alive() and not self.is_asked:
            self.sentinel.join(HEED)
        self.stop()


class SafeSentinel(cluster.Sentinel):  # type: ignore[misc]  # django_q is untyped
    """Django-Q's guard, with changes; each was measured to be needed against 1.11.1.

    Heroku sends SIGTERM to every process: stock children die at once and the parent hangs for ever.
    Here the children ignore it but for the workers, which drain. And a worker, pusher or monitor
    that is killed while it holds a queue lock stops the stock cluster for good (django-q2 issues 23
    and 339): here the cluster drains and exits, for the platform to start it again.
    """

    def start(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # inherited by the pusher and the monitor
        end_with_parent(
            signal.SIGKILL
        )  # the platform starts a new cluster: this one must not live on beside it
        super().start()

    def spawn_process(self, target: Any, *args: Any) -> Any:
        if target is not cluster.worker:
            return super().spawn_process(_bound, target, *args)
        process = super().spawn_process(target, *args)
        process.terminate = (
            process.kill
        )  # the guard's time-out must still end a worker that ignores SIGTERM
        return process

    def reincarnate(self, process: Any) -> None:
        killed = process.exitcode is not None and process.exitcode < 0
        timer = getattr(process, "timer", None)
        was_idle = timer is not None and timer.value == -1
        if killed and (was_idle or process in (self.monitor, self.pusher)):
            self.exit_for_a_restart()
        super().reincarnate(process)

    def exit_for_a_restart(self) -> None:
        logger.critical(
            "a process died that may have held a queue lock: draining, then ending for a restart"
        )
        end = time.monotonic() + conf.GRACE + 1
        while time.monotonic() < end and any(
            worker.is_alive() and worker.timer.value > 0 for worker in self.pool
        ):
            self.drain_workers()
            time.sleep(HEED)
        self.end_anyway()

    def drain_workers(self) -> None:
        """Sent again and again: a worker that has only just been started still ignores it."""
        for worker in list(self.pool):
            try:
                os.kill(worker.pid, signal.SIGTERM)
            except ProcessLookupError:
                continue

    def stop(self) -> None:
        threading.Thread(target=self.press_to_end, daemon=True).start()
        super().stop()

    def press_to_end(self) -> None:
        """Stock tells its workers nothing, and waits for ever to hand "STOP" to one that has been
        killed.
        """
        end = time.monotonic() + conf.GRACE + 3
        while time.monotonic() < end:
            self.drain_workers()
            time.sleep(HEED)
        logger.critical(BY_FORCE)
        self.end_anyway()

    def end_anyway(self) -> None:
        for child in active_children():
            child.kill()
        os._exit(LOST_A_LOCK)


def run_schedules(broker: Any = None) -> None:
    """Django-Q's own look at the schedules, every 30 s, also after a clock that was ahead."""
    try:
        pull_back_schedules()
    except DatabaseError:
        logger.exception("the database did not answer; the guard looks again")
    scheduler(broker=broker)


def _bound(target: Any, *args: Any) -> None:
    end_with_parent(signal.SIGKILL)
    target(*args)


def _drain_on_sigterm(sender: Any, proc_name: str, **kwargs: Any) -> None:
    """In each worker that the sentinel starts: it drains when it is told to end, and then does
    end.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: draining.ask())
    threading.Thread(target=_end_when_drained, daemon=True).start()
    end_with_parent(signal.SIGTERM)


def _end_when_drained() -> None:
    """A worker that was told alone, without its sentinel, would take tasks and refuse to work on
    them.
    """
    while draining.seconds_since_asked() <= conf.GRACE + 2:
        time.sleep(1)
    os._exit(0)


def run() -> None:
    """Work until the process is told to end."""
    queue = background.serve()
    cluster.Sentinel = SafeSentinel
    cluster.scheduler = run_schedules
    post_spawn.connect(_drain_on_sigterm, dispatch_uid="bulk_worker")
    ensure_platform_accounts()  # a key may have been put into the environment since migrate
    background.move_here(OUR_TASKS)  # what processes of an older release have queued
    ring()  # whatever waited while no worker ran
    connections.close_all()  # none is for a child to inherit
    SafeCluster(queue).run()
