"""Watching a job from a terminal or a script. Watching does no work and changes nothing."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from tqdm import tqdm

from bulk_admin import codes
from bulk_admin.models import ENDED_JOBS, BulkGenerationJob, JobStatus
from bulk_admin.selectors import job_page
from bulk_admin.services.jobs.report import job_report

LOOK_EVERY = 0.5  # seconds
LOOKS_WITHOUT_DATABASE = 60
FAILURES, HALTED, INTERRUPTED = 3, 4, 130
Say = Callable[[str], Any]


def exit_code(job: BulkGenerationJob) -> int:
    """0 all is well, 3 something failed or is unknown, 4 paused or cancelled."""
    if job.status in (JobStatus.PAUSED, JobStatus.CANCELLED):
        return HALTED
    failures = job.failed_count + job.unknown_count + job.pages_failed + job.pages_blocked
    return FAILURES if failures or job.status == JobStatus.FAILED else 0


def is_settled(job: BulkGenerationJob) -> bool:
    """Nothing more happens until someone acts."""
    return (
        job.status in (*ENDED_JOBS, JobStatus.PAUSED) and not job.generating and not job.pages_open
    )


def counts(job: BulkGenerationJob) -> str:
    ended = job.completed_count + job.failed_count + job.unknown_count + job.cancelled_count
    parts = [f"{job.status}: {ended} of {job.total}"]
    numbers = {
        "running": job.generating,
        "failed": job.failed_count,
        "unknown": job.unknown_count,
        "cancelled": job.cancelled_count,
        "pages to go": job.pages_open,
        "pages created": job.pages_created,
        "pages blocked": job.pages_blocked,
        "pages failed": job.pages_failed,
    }
    return ", ".join([*parts, *(f"{n} {word}" for word, n in numbers.items() if n)])


def reason(job: BulkGenerationJob) -> str:
    """Why a job stands still and what to do, or ""."""
    remedy = codes.about(job.status_reason).remedy or job.status_reason
    return f"{remedy} The last one: {job.status_detail}" if job.status_detail else remedy


def summary(job: BulkGenerationJob) -> str:
    """How it stands, for people."""
    report = job_report(job)
    lines = [
        f"{job.name} is {counts(job)}",
        reason(job),
        f"${report['spent_usd']} spent of ${report['estimated_usd']} estimated",
        str(report["url"]),
    ]
    return "\n".join(line for line in lines if line)


def watch(job_id: uuid.UUID, say: Say, *, is_terminal: bool) -> BulkGenerationJob:
    """Look until the job has settled, then the job: a bar on a terminal, else a line whenever
    counts change.

    Raises SystemExit when interrupted; the job goes on.
    """
    shown: Lines | Bar = Bar() if is_terminal else Lines(say)
    try:
        return _look(job_id, shown)
    except KeyboardInterrupt:
        shown.close()
        say(f"No longer watching. The job goes on: bulk_job {job_id}")
        raise SystemExit(INTERRUPTED) from None
    finally:
        shown.close()


def _look(job_id: uuid.UUID, shown: Lines | Bar) -> BulkGenerationJob:
    told_no_worker = False
    while True:
        job, no_worker = _read(job_id)
        shown.show(job)
        if is_settled(job):
            return job
        if no_worker and not told_no_worker:
            shown.note(
                "No worker is running, so nothing is made yet. Start one: manage.py bulk_worker"
            )
        told_no_worker = told_no_worker or no_worker
        time.sleep(LOOK_EVERY)


def _read(job_id: uuid.UUID) -> tuple[BulkGenerationJob, bool]:
    """The job, and whether work waits without a worker; a database that is gone for a moment is
    asked again.
    """
    for left in reversed(range(LOOKS_WITHOUT_DATABASE)):
        try:
            job = (
                BulkGenerationJob.objects.select_related("account")
                .defer("source_text")
                .get(pk=job_id)
            )
            return job, job_page.conditions(job).no_worker
        except (OperationalError, InterfaceError):
            if not left:
                raise
            connection.close()
            time.sleep(LOOK_EVERY)
    raise AssertionError("unreachable")


class Lines:
    """A plain line whenever a count changes: for logs."""

    def __init__(self, say: Say) -> None:
        self.note = say
        self.last = ""

    def show(self, job: BulkGenerationJob) -> None:
        line = counts(job)
        if line != self.last:
            self.note(line)
            self.last = line

    def close(self) -> None:
        pass


class Bar:
    """A progress bar that ends with its last state in view."""

    def __init__(self) -> None:
        self.bar = tqdm(unit="picture", file=sys.stderr, dynamic_ncols=True, leave=True)

    def show(self, job: BulkGenerationJob) -> None:
        self.bar.total = job.total
        self.bar.n = job.total - job.queued - job.generating
        self.bar.set_postfix_str(counts(job).partition(", ")[2], refresh=False)
        self.bar.refresh()

    def note(self, text: str) -> None:
        self.bar.write(text, file=sys.stderr)

    def close(self) -> None:
        self.bar.close()
