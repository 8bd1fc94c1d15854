"""Pausing what cannot buy any more, with the reason."""

from __future__ import annotations

import datetime as dt
import uuid

from bulk_admin.models import ACTIVE_JOBS, BulkGenerationJob, JobStatus
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


def pause_locked(job: BulkGenerationJob, code: str, now: dt.datetime) -> None:
    job.revision += 1
    save(job, now, status=JobStatus.PAUSED, reason=code)
