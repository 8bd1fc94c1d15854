"""Is a worker there?

An idle one leaves no row of its own, so what waits, and for how long, shows it. Every page asks
here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, QuerySet, Subquery
from django.db.models.functions import Coalesce

from bulk_admin.background import ended_tasks, try_again_after, waiting_tasks
from bulk_admin.conf import conf
from bulk_admin.models import BulkGenerationJob, CallState, ProviderCall, Worker
from bulk_admin.services.queue.doorbell import TICK_EVERY


def first_with_signs(rows: QuerySet[Any]) -> Any:
    """The first row, and on it when a pump beat last, when a task ended last, the lock of the task
    that waits longest, and when the first held call is to be asked for.
    """
    return rows.annotate(
        beat=Subquery(Worker.objects.order_by("-beat_at").values("beat_at")[:1]),
        task_ended=Subquery(ended_tasks().order_by("-stopped").values("stopped")[:1]),
        bell=Subquery(waiting_tasks().order_by("lock").values("lock")[:1]),
        poll_at=Subquery(
            ProviderCall.objects.filter(state=CallState.HELD)
            .order_by("poll_at")
            .values("poll_at")[:1]
        ),
    ).first()


def last_seen() -> dt.datetime | None:
    """When any worker gave its last sign, be it of having nothing to do; None if none ever did."""
    beats = Worker.objects.aggregate(last=Max("beat_at"))["last"]
    ends = ended_tasks().aggregate(last=Max("stopped"))["last"]
    return max((moment for moment in (beats, ends) if moment), default=None)


def is_up(seen: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a worker that was last ``seen`` then is still there: an idle one ends a tick a
    minute.
    """
    return seen is not None and now - seen <= TICK_EVERY + dt.timedelta(
        seconds=conf.NO_WORKER_AFTER
    )


def no_worker(job: BulkGenerationJob, signs: Any, now: dt.datetime) -> bool:
    """Whether this job's work has waited for NO_WORKER_AFTER without a sign of a worker.

    Whoever queues work rings, in the same transaction. A worker takes the bell within a second, and
    ends the task after its pump's row is gone: while one is there, a young bell, a beat or a task
    that has just ended is seen.
    """
    if signs is None:
        return False
    if job.work_waits:
        waits_since = (signs.bell and rung_at(signs.bell, now)) or job.started or job.created
    elif job.generating and signs.poll_at and signs.poll_at <= now:
        waits_since = signs.poll_at  # a tick rings for it
    else:
        return False
    # A worker that has nothing to do ends a tick every minute.
    seen = [signs.beat, signs.task_ended and signs.task_ended + TICK_EVERY]
    since = max(moment for moment in (waits_since, *seen) if moment)
    return bool((now - since).total_seconds() > conf.NO_WORKER_AFTER)


def work_waits_in_vain(now: dt.datetime) -> bool:
    """Whether any job's work does. The one that waits longest stands for all: the signs are
    everybody's.
    """
    waiting = BulkGenerationJob.objects.with_waiting_work().defer("source_text")
    due = ProviderCall.objects.filter(state=CallState.HELD, poll_at__lte=now).values("job_ref")
    of_held = BulkGenerationJob.objects.filter(pk__in=due)
    return any(
        no_worker(oldest, oldest, now)
        for rows in (waiting.order_by(Coalesce("started", "created")), of_held)
        if (oldest := first_with_signs(rows)) is not None
    )


# --- the bells: Django-Q locks one that is taken into the future -------------


@dataclass(frozen=True, slots=True)
class UntakenBells:
    count: int
    oldest_rung_at: dt.datetime | None


def untaken_bells(now: dt.datetime) -> UntakenBells:
    found = waiting_tasks().filter(lock__lte=now).aggregate(oldest=Min("lock"), n=Count("pk"))
    return UntakenBells(found["n"], found["oldest"])


def rung_at(lock: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When a bell with this lock was put in."""
    is_taken = lock > now
    return lock - dt.timedelta(seconds=try_again_after()) if is_taken else lock
