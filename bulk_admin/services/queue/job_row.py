"""The job row under its lock: counters, revision and status change together, or not at all."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Iterable

from django.db import transaction

from bulk_admin.models import (
    ACTIVE_JOBS,
    ENDED_JOBS,
    MADE_PAGES,
    OPEN_PAGES,
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
)

logger = logging.getLogger(__name__)
COUNTER_OF: dict[str, str] = {
    ImageStatus.QUEUED: "queued",
    ImageStatus.COMPLETED: "completed_count",
    ImageStatus.FAILED: "failed_count",
    ImageStatus.UNKNOWN: "unknown_count",
    ImageStatus.CANCELLED: "cancelled_count",
}  # what is in flight is the rest
PAGE_COUNTERS: dict[str, Collection[str]] = {
    "pages_open": OPEN_PAGES,
    "pages_created": MADE_PAGES,  # one that gets a new text is both
    "pages_blocked": (PageStatus.BLOCKED,),
    "pages_failed": (PageStatus.FAILED,),
}
CHANGING = (
    *(
        "status_reason",
        "status_detail",
        "revision",
        "served",
        "started",
        "finished",
        "total",
        "total_prompts",
        "skipped",
        "estimate",
    ),
    *("reserved", "spent", "text_reserved", "text_spent"),
    *("billed_without_use", "failed_in_a_row", "outcomes", "outcomes_failed"),
    *COUNTER_OF.values(),
    *PAGE_COUNTERS,
)


def lock_job(job_id: uuid.UUID) -> BulkGenerationJob:
    """The job as it is now, locked to the end of the transaction. Raises DoesNotExist, also when it
    is in the trash.
    """
    return BulkGenerationJob.objects.select_for_update(no_key=True).get(pk=job_id)


def lock_any_job(job_id: uuid.UUID) -> BulkGenerationJob:
    """The same, in the trash or not."""
    return BulkGenerationJob.everything.select_for_update(no_key=True).get(pk=job_id)


def lock_jobs(job_ids: Iterable[uuid.UUID]) -> list[BulkGenerationJob]:
    """Several jobs, in the trash or not, locked in the one order that all use."""
    return list(
        BulkGenerationJob.everything.select_for_update(no_key=True)
        .filter(pk__in=list(job_ids))
        .order_by("pk")
    )


def take_out_of_trash(job: BulkGenerationJob, image: GeneratedImage | None = None) -> None:
    """A locked job, with the pictures that went there with it, or one picture that went alone."""
    if job.deleted_at is not None:
        GeneratedImage.everything.filter(job=job, deleted_at=job.deleted_at).update(
            deleted_at=None, revision=job.revision
        )
        BulkGenerationJob.everything.filter(pk=job.pk).update(deleted_at=None)
    elif image is not None and image.deleted_at is not None:
        count(job, None, image.status)
        count_pages(job, PageStatus.NONE, image.page_status)
        GeneratedImage.everything.filter(pk=image.pk).update(deleted_at=None, revision=job.revision)
        image.deleted_at = None


def count(job: BulkGenerationJob, before: str | None, after: str | None, n: int = 1) -> None:
    """Carry ``n`` images from one status to another; None: they were not there, or are no more.

    A draft's rows are not counted: ``total`` is what was ordered.
    """
    for status, sign in ((before, -1), (after, 1)):
        if status is not None and (name := COUNTER_OF.get(status)):
            setattr(job, name, getattr(job, name) + sign * n)
    job.total += n * (_is_counted(after) - _is_counted(before))


def _is_counted(status: str | None) -> bool:
    return status not in (None, ImageStatus.DRAFT)


def count_pages(job: BulkGenerationJob, before: str, after: str, n: int = 1) -> None:
    """Carry ``n`` pages from one status to another."""
    for name, statuses in PAGE_COUNTERS.items():
        change = (after in statuses) - (before in statuses)
        setattr(job, name, getattr(job, name) + change * n)


def save(
    job: BulkGenerationJob,
    now: dt.datetime,
    *,
    status: str = "",
    reason: str | None = None,
    detail: str = "",
) -> bool:
    """Write a locked job: its counters, ``job.revision`` as the caller raised it, and the status
    that follows.

    Without ``status`` the job ends when nothing is queued or in flight any more. True when it ended
    with this save.
    """
    target = status or _status_that_follows(job)
    ended = target in ENDED_JOBS and job.status != target
    if reason is not None:
        job.status_reason, job.status_detail = reason, detail
    elif target in (*ACTIVE_JOBS, JobStatus.COMPLETED, JobStatus.FAILED):
        job.status_reason = job.status_detail = ""
    if target == JobStatus.PROCESSING and job.started is None:
        job.started = now
    job.finished = (now if ended else job.finished) if target in ENDED_JOBS else None
    rows = BulkGenerationJob.everything.filter(pk=job.pk)
    changes = {name: getattr(job, name) for name in CHANGING}
    if target != job.status and not rows.move(target, **changes):
        raise ValueError(f"A job that is {job.status} cannot become {target}.")
    if target == job.status:
        rows.update(**changes)
    else:
        _tell(job, target)
    job.status = target
    return ended


def _tell(job: BulkGenerationJob, target: str) -> None:
    fields = {"job": str(job.pk), "was": str(job.status), "reason": job.status_reason}
    transaction.on_commit(lambda: logger.info("job %s", target, extra=fields))


def _status_that_follows(job: BulkGenerationJob) -> str:
    open_ones = job.queued + job.generating
    if job.status in (*ACTIVE_JOBS, JobStatus.PAUSED) and not open_ones:
        return JobStatus.COMPLETED if job.completed_count else JobStatus.FAILED
    if job.status == JobStatus.FAILED and job.completed_count:
        return JobStatus.COMPLETED
    return job.status
