"""Work in the background: Django-Q's tasks and schedules in a cluster of our own, which
``manage.py bulk_worker`` serves.

The site's ``Q_CLUSTER`` stays the site's: what it says of workers, times and brokers holds for its
own tasks only.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import close_old_connections, transaction
from django.db.models import QuerySet
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule, Task
from django_q.tasks import async_task, schedule

from bulk_admin.conf import conf

CLUSTER = "bulk"
RESULTS_KEPT = 250
AFTER_THE_LONGEST = 330  # seconds that a pump may need beyond its slice, last call and storing
BEFORE_A_SECOND_TRY = 120  # seconds from a task's time-out until another worker may take it


class Queue(ORM):  # type: ignore[misc]  # django_q is untyped
    """Tasks are rows of our own database, whatever broker the site uses: one that is queued inside
    a transaction is rolled back with it.
    """

    @staticmethod
    def get_connection(list_key: str | None = None) -> QuerySet[Any]:
        if not transaction.get_connection().in_atomic_block:
            close_old_connections()
        return OrmQ.objects.all()  # type: ignore[no-any-return]  # it has no types

    @staticmethod
    def get_cache() -> None:
        """Django-Q tells of itself there, twice a second; our workers have rows for that, and the
        site's cache may be down.
        """


def run_soon(function: str, *args: Any, group: str) -> None:
    """Queue a task, by its function's dotted name, in the caller's transaction."""
    # What the site's Q_CLUSTER says of its own tasks is not to hold for this one.
    own = {"sync": False, "cached": False, "save": True, "ack_failure": True}
    async_task(function, *args, group=group, cluster=CLUSTER, broker=Queue(CLUSTER), **own)


def run_at(moment: dt.datetime, function: str, *args: Any) -> None:
    """Have a task queued once, at that moment."""
    schedule(function, *args, next_run=moment, cluster=CLUSTER)


def ensure_schedule(name: str, function: str, **how: Any) -> None:
    """Have a task queued again and again: ``how`` are fields of Django-Q's Schedule. One that is
    there keeps what staff have changed.
    """
    defaults = {"func": function, "cluster": CLUSTER, **how}
    Schedule.objects.get_or_create(name=name, defaults=defaults)


def move_here(functions: str) -> None:
    """Move here the schedules and waiting tasks of the functions whose dotted names begin so.

    They were stored before this cluster was there, or by a process that knows nothing of it. A
    second call moves nothing.
    """
    Schedule.objects.filter(func__startswith=functions, cluster=None).update(cluster=CLUSTER)
    for waiting in OrmQ.objects.exclude(key=CLUSTER).order_by("pk").iterator():
        if str(waiting.func()).startswith(functions):
            OrmQ.objects.filter(pk=waiting.pk).update(key=CLUSTER)


def waiting_tasks() -> QuerySet[Any]:
    return OrmQ.objects.filter(key=CLUSTER)  # type: ignore[no-any-return]  # it has no types


def ended_tasks() -> QuerySet[Any]:
    return Task.objects.filter(cluster=CLUSTER)  # type: ignore[no-any-return]  # it has no types


def forget_results() -> None:
    """Delete all but the newest results of tasks that went well."""
    done = ended_tasks().filter(success=True)
    newest_to_go = done.order_by("-stopped").values_list("stopped", flat=True)[RESULTS_KEPT:][:1]
    for moment in newest_to_go:
        done.filter(stopped__lte=moment).delete()


def time_out() -> int:
    """Seconds after which a task is ended, which no pump at work may reach."""
    longest = conf.SLICE + conf.SLOW_CALL_DEADLINE + conf.STORAGE_DEADLINE
    return int(longest) + AFTER_THE_LONGEST


def try_again_after() -> int:
    """Seconds that a task which was taken is locked for."""
    return time_out() + BEFORE_A_SECOND_TRY


def serve() -> Queue:
    """Make of this process, and of all that it starts, a worker of the cluster, whatever Q_CLUSTER
    says. Tasks only ring: one at a time, so that no worker keeps other hosts' work.
    """
    own = {
        "CLUSTER_NAME": CLUSTER,
        "WORKERS": max(1, conf.WORKERS),
        "QUEUE_LIMIT": 1,
        "BULK": 1,
        "TIMEOUT": time_out(),
        "RETRY": try_again_after(),
        "MAX_ATTEMPTS": 1,
        "ACK_FAILURES": True,
        "CATCH_UP": False,
        "SCHEDULER": True,
        "GUARD_CYCLE": 0.5,
        "POLL": 0.5,
        "RECYCLE": 25,
        "MAX_RSS": 600_000,
        "SAVE_LIMIT": 0,  # else the site's results would be deleted with ours: forget_results
        "CACHED": False,
        "SYNC": False,
        "DAEMONIZE_WORKERS": True,
        "CPU_AFFINITY": 0,
    }
    for name, value in own.items():
        setattr(Conf, name, value)
    return Queue(CLUSTER)
