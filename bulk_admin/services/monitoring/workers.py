"""Is a worker there?

An idle one leaves no row of its own, so what waits, and for how long, tells it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Subquery
from django_q.models import OrmQ, Task

from bulk_admin.models import BulkGenerationJob, Worker

TICK_EVERY = dt.timedelta(minutes=1)


def waits(job: BulkGenerationJob) -> bool:
    return (job.is_active and job.queued > 0) or job.pages_open > 0


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
    if not waits(job) or signs is None:
        return False
    waits_since = _rung(signs.bell, now) or job.started or job.created
    # A worker that has nothing to do ends a tick every minute.
    seen = [signs.beat, signs.task_ended and signs.task_ended + TICK_EVERY]
    since = max(moment for moment in (waits_since, *seen) if moment)
    return bool((now - since).total_seconds() > settings.BULK_NO_WORKER_AFTER)


def _rung(lock: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """A bell is due since it was put in; when it is taken, Django-Q locks it for ``retry``
    seconds.
    """
    if lock is None or lock <= now:
        return lock
    return lock - dt.timedelta(seconds=settings.Q_CLUSTER["retry"])
