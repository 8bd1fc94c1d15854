"""Pausing what cannot buy any more, with the reason."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from django.db.models import Q

from bulk_admin.codes import Code
from bulk_admin.models import ACTIVE_JOBS, BulkGenerationJob, ImageStatus, JobStatus
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.queue.job_row import lock_jobs, save


def pause_account(pool_id: int, code: str) -> None:
    """Pause, once and with that reason, every active job of the pool's account."""
    account_jobs = BulkGenerationJob.objects.filter(account__pools=pool_id, status__in=ACTIVE_JOBS)
    pause_jobs(list(account_jobs.values_list("pk", flat=True)), code)


@whole_step
def pause_jobs(job_ids: list[uuid.UUID], code: str) -> None:
    jobs = lock_jobs(job_ids)
    now = database_now()
    for job in jobs:
        if job.status in ACTIVE_JOBS:
            pause_locked(job, code, now)


@whole_step
def pause_if_only_of(job_id: uuid.UUID, person_ids: Collection[int]) -> bool:
    """Pause a job of which only pictures that these persons asked for are left; whether it was.

    What a worker is making for others may come back to the queue: it is waited for.
    """
    jobs = [job for job in lock_jobs([job_id]) if job.status in ACTIVE_JOBS]
    left = Q(status=ImageStatus.QUEUED) | Q(status=ImageStatus.GENERATING, owner__isnull=False)
    for job in jobs:
        if job.images.filter(left).exclude(requested_by__in=person_ids).exists():
            return False
        pause_locked(job, Code.PERSON_CAP, database_now())
    return bool(jobs)


def pause_locked(job: BulkGenerationJob, code: str, now: dt.datetime) -> None:
    job.revision += 1
    save(job, now, status=JobStatus.PAUSED, reason=code)
