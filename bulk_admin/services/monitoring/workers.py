"""Is a worker there?

An idle one leaves no row of its own, so what waits, and for how long, shows it. Every page asks
here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django_q.models import OrmQ, Task

from bulk_admin.models import BulkGenerationJob, Worker

TICK_EVERY = dt.timedelta(minutes=1)


def first_with_signs(rows: QuerySet[Any]) -> Any:
    """The first row, and on it when a pump beat last, when a task ended last, and the lock of the
    task that waits longest.
    """
    return rows.annotate(
        beat=Subquery(Worker.objects.order_by("-beat_at").values("beat_at")[:1]),
        task_ended=Subquery(Task.objects.order_by("-stopped").values("stopped")[:1]),
        bell=Subquery(OrmQ.objects.order_by("lock").values("lock")[:1]),
    ).first()


def no_worker(job: BulkGenerationJob, signs: Any, now: dt.datetime) -> bool:
    """Whether this job's work has waited for BULK_NO_WORKER_AFTER without a sign of a worker.

    Whoever queues work rings, in the same transaction. A worker takes the bell within a second, and
    ends the task after its pump's row is gone: while one is there, a young bell, a beat or a task
    that has just ended is seen.
    """
    if not job.work_waits or signs is None:
        return False
    waits_since = (signs.bell and rung_at(signs.bell, now)) or job.started or job.created
    # A worker that has nothing to do ends a tick every minute.
    seen = [signs.beat, signs.task_ended and signs.task_ended + TICK_EVERY]
    since = max(moment for moment in (waits_since, *seen) if moment)
    return bool((now - since).total_seconds() > settings.BULK_NO_WORKER_AFTER)


def work_waits_in_vain(now: dt.datetime) -> bool:
    """Whether any job's work does. The one that waits longest stands for all: the signs are
    everybody's.
    """
    waiting = BulkGenerationJob.objects.with_waiting_work().defer("source_text", "removed_images")
    oldest = first_with_signs(waiting.order_by(Coalesce("started", "created")))
    return oldest is not None and no_worker(oldest, oldest, now)


# --- the bells: Django-Q locks one that is taken ``retry`` seconds into the future -------------


@dataclass(frozen=True, slots=True)
class UntakenBells:
    count: int
    oldest_rung_at: dt.datetime | None


def untaken_bells(now: dt.datetime) -> UntakenBells:
    found = OrmQ.objects.filter(lock__lte=now).aggregate(oldest=Min("lock"), n=Count("pk"))
    return UntakenBells(found["n"], found["oldest"])


def rung_at(lock: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When a bell with this lock was put in."""
    is_taken = lock > now
    return lock - dt.timedelta(seconds=settings.Q_CLUSTER["retry"]) if is_taken else lock
