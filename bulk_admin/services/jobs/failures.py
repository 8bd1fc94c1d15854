"""Pictures that were not made: which of them wait for a person, and what is done to many at once.

A press carries the pictures with their attempts as it showed them. Under the job's lock, those that
are no longer so are left alone; a second press changes nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q

from bulk_admin import codes
from bulk_admin.causes import Cause
from bulk_admin.codes import Code
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageStatus
from bulk_admin.services import changes, history
from bulk_admin.services.changes import RowChange, Values
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.jobs import pictures
from bulk_admin.services.jobs.lifecycle import lock_to_buy, reopen
from bulk_admin.services.jobs.pictures import PromptRefused, Seen
from bulk_admin.services.queue.job_row import lock_job, save

DISMISS = "dismiss"
# Until another picture of it was asked for.
NOT_FOLLOWED = ~Exists(GeneratedImage.objects.filter(parent=OuterRef("pk")))
# Of a failure, ``decided_at`` says when a person dismissed it.
FAILED = Q(status=ImageStatus.FAILED, decided_at=None) & ~Q(error_code=Code.LOST)
CANCELLED = Q(status=ImageStatus.CANCELLED, decided_at=None, parent=None)  # a re-roll: taken back
WAITING = Q(status=ImageStatus.UNKNOWN) | Q((FAILED | CANCELLED) & NOT_FOLLOWED)


def cause_of(image: GeneratedImage) -> Cause:
    if image.status == ImageStatus.CANCELLED:
        return Code.CANCELLED.about.cause
    if image.status == ImageStatus.UNKNOWN:
        return Cause.NOT_FETCHED if image.download_host else Code.UNKNOWN.about.cause
    return codes.about(image.error_code).cause


def can_retry(image: GeneratedImage) -> bool:
    return image.status == ImageStatus.CANCELLED or image.error_code in codes.RETRYABLE


def _still(job: BulkGenerationJob, seen: Seen) -> list[GeneratedImage]:
    waiting = job.images.filter(WAITING, pk__in=seen).order_by("position", "variant")
    return [image for image in waiting if image.attempt == seen[image.pk]]


@whole_step
def retry(job_id: uuid.UUID, seen: Seen, *, by: Any) -> int:
    """Queue again those that a retry can help, and those that were cancelled; the count. Raises
    NotYours.
    """
    job = lock_to_buy(job_id, by)
    return pictures.retry_failed(job_id, [image.pk for image in _still(job, seen)], by=by)


@whole_step
def reword(job_id: uuid.UUID, seen: Seen, prompts: Mapping[int, str], *, by: Any) -> int:
    """Order one more picture for each whose prompt was changed; the count.

    Raises PromptRefused, and then nothing was ordered; NotYours.
    """
    job = lock_to_buy(job_id, by)
    job.revision += 1
    ordered = 0
    for image in _still(job, seen):
        if image.status == ImageStatus.UNKNOWN or image.pk not in prompts:
            continue
        text = _accepted(job, image, prompts[image.pk])
        if text != image.prompt_text:
            pictures.add_variant(job, image, text, by=by)
            ordered += 1
    if ordered:
        reopen(job)
        history.record(job, by, f"Reworded {counted(ordered, 'prompt')} and ordered them again.")
    return ordered


def _accepted(job: BulkGenerationJob, image: GeneratedImage, prompt: str) -> str:
    try:
        return pictures.accepted(job, prompt)
    except PromptRefused as refused:
        raise PromptRefused(f"Prompt {image.position}: {refused}") from refused


@whole_step
def dismiss(job_id: uuid.UUID, seen: Seen, *, by: Any) -> int:
    """They need no attention any more: one step of ``by``'s undo; the count. An unknown outcome
    stays: its money is not settled.
    """
    job = lock_job(job_id)
    images = [image for image in _still(job, seen) if image.status != ImageStatus.UNKNOWN]
    if not images:
        return 0
    now = database_now()
    job.revision += 1
    job.images.filter(pk__in=[image.pk for image in images]).update(
        decided_at=now, revision=job.revision
    )
    rows = [RowChange(str(image.pk), _values(None), _values(now)) for image in images]
    changes.record(DISMISS, job.pk, rows, by=by)
    history.record(job, by, f"Dismissed {counted(len(images), 'picture')} that failed.")
    save(job, now)
    return len(images)


def _values(decided_at: dt.datetime | None) -> Values:
    return {"decided_at": decided_at and decided_at.isoformat()}


@changes.undoes(DISMISS)
def _take_back(scope: str, rows: Sequence[RowChange], by: Any) -> list[str]:
    """Those that nobody bought again since."""
    job = lock_job(uuid.UUID(scope))
    after = {row.id: row.after for row in rows}
    waiting = job.images.filter(
        pk__in=after, status__in=(ImageStatus.FAILED, ImageStatus.CANCELLED)
    )
    back = [image for image in waiting if _values(image.decided_at) == after[str(image.pk)]]
    if back:
        job.revision += 1
        job.images.filter(pk__in=[image.pk for image in back]).update(
            decided_at=None, revision=job.revision
        )
        save(job, database_now())
    return [str(image.pk) for image in back]
