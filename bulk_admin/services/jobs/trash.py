"""The trash: what staff delete can be restored for ``conf.TRASH_DAYS``, and then it goes for good.

What is owed something cannot go there: a picture that is queued, under way or unknown, or that a
page is made of. So what is in the trash costs nothing, and no worker looks for it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.models import DELETION
from django.db.models import Exists, OuterRef, QuerySet

from bulk_admin.conf import conf
from bulk_admin.formats import counted
from bulk_admin.models import (
    ENDED_JOBS,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
    ProviderCall,
)
from bulk_admin.services import changes, history
from bulk_admin.services.changes import RowChange
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting.drafts import flag_again
from bulk_admin.services.jobs.lifecycle import DECIDE_FIRST
from bulk_admin.services.queue.doorbell import ring_to_delete
from bulk_admin.services.queue.job_row import (
    count,
    count_pages,
    lock_any_job,
    lock_job,
    save,
    take_out_of_trash,
)

PICTURES, JOBS = "trash", "trash_jobs"
JOBS_SCOPE = "jobs"
PICTURES_AT_ONCE, JOBS_AT_ONCE = 200, 5  # that one minute's tick deletes for good
IN_TRASH: dict[str, Any] = {"in_trash": True}
HERE: dict[str, Any] = {"in_trash": False}


@dataclass(frozen=True, slots=True)
class TrashResult:
    """How many rows it was done to, and those that it was not, with the reason."""

    done: int
    kept: list[tuple[GeneratedImage, str]] = field(default_factory=list)


# --- pictures -----------------------------------------------------------------------------------


@whole_step
def trash_images(job_id: uuid.UUID, image_ids: Iterable[int], *, by: Any) -> TrashResult:
    """Put pictures, or rows of a draft, into the trash; those that must stay come back with the
    reason. One step of ``by``'s undo. Raises DoesNotExist for a job in the trash.
    """
    job = lock_job(job_id)
    under_way = set(
        ProviderCall.objects.filter(image__job=job, state__in=CallState.UNSETTLED).values_list(
            "image_id", flat=True
        )
    )
    found = list(job.images.filter(pk__in=list(image_ids)))
    reasons = {image.pk: why_not_trash(image, image.pk in under_way) for image in found}
    gone = [image for image in found if not reasons[image.pk]]
    if gone:
        job.revision += 1
        _stop_looking(ProviderCall.objects.filter(image__in=[image.pk for image in gone]))
        for image in gone:
            count(job, image.status, None)
            count_pages(job, image.page_status, PageStatus.NONE)
        GeneratedImage.objects.filter(pk__in=[image.pk for image in gone]).update(
            deleted_at=database_now(), revision=job.revision
        )
        _after(job, gone, -1)
        rows = [RowChange(str(image.pk), HERE, IN_TRASH) for image in gone]
        changes.record(PICTURES, job.pk, rows, by=by)
        history.record(job, by, f"Moved {_counted(job, len(gone))} to the trash.")
    return _result(found, reasons)


@whole_step
def restore_images(job_id: uuid.UUID, image_ids: Iterable[int], *, by: Any) -> TrashResult:
    """Take pictures out of the trash, to where they were. Raises DoesNotExist for a job in the
    trash: restore that.
    """
    job = lock_job(job_id)
    found = list(in_trash(job).filter(pk__in=list(image_ids)))
    reasons = {image.pk: _why_not_restore(job, image) for image in found}
    back = [image for image in found if not reasons[image.pk]]
    if back:
        job.revision += 1
        for image in back:
            take_out_of_trash(job, image)
        _after(job, back, +1)
        history.record(job, by, f"Restored {_counted(job, len(back))} from the trash.")
    return _result(found, reasons)


@changes.undoes(PICTURES)
def _take_pictures_back(scope: str, rows: Sequence[RowChange], by: Any) -> list[str]:
    ids = [int(row.id) for row in rows]
    waiting = GeneratedImage.everything.filter(job_id=uuid.UUID(scope), deleted_at__isnull=False)
    before = set(waiting.filter(pk__in=ids).values_list("pk", flat=True))
    kept = {image.pk for image, _ in restore_images(uuid.UUID(scope), before, by=by).kept}
    return [str(pk) for pk in sorted(before - kept)]


def why_not_trash(image: GeneratedImage, is_under_way: bool = False) -> str:
    """Empty when it may go to the trash."""
    if image.status == ImageStatus.UNKNOWN:
        return f"Its outcome is unknown: {DECIDE_FIRST}"
    if is_under_way or image.status == ImageStatus.GENERATING:
        return "A call for it is under way: wait until it has ended."
    if image.status == ImageStatus.QUEUED:
        return "It is queued: cancel it first."
    if image.page_id is not None or image.page_status not in (
        PageStatus.NONE,
        PageStatus.BLOCKED,
        PageStatus.FAILED,
    ):
        return "It has a page, or one is being made."
    return ""


def _why_not_restore(job: BulkGenerationJob, image: GeneratedImage) -> str:
    if image.status == ImageStatus.DRAFT and job.status != JobStatus.DRAFT:
        return "Its job was started without it."
    return ""


def in_trash(job: BulkGenerationJob) -> QuerySet[GeneratedImage]:
    return GeneratedImage.everything.filter(job=job, deleted_at__isnull=False)


def _result(found: Sequence[GeneratedImage], reasons: dict[int, str]) -> TrashResult:
    kept = [(image, reasons[image.pk]) for image in found if reasons[image.pk]]
    return TrashResult(len(found) - len(kept), kept)


def _after(job: BulkGenerationJob, images: Sequence[GeneratedImage], sign: int) -> None:
    """Write the job, and send the tiles that these are re-rolls of: they may need attention."""
    parents = {image.parent_id for image in images if image.parent_id}
    job.images.filter(pk__in=parents).update(revision=job.revision)
    if job.status == JobStatus.DRAFT:
        job.total_prompts += sign * len(images)
        flag_again(job)
    save(job, database_now())


def _counted(job: BulkGenerationJob, n: int) -> str:
    return counted(n, "prompt" if job.status == JobStatus.DRAFT else "picture")


# --- jobs ---------------------------------------------------------------------------------------


@whole_step
def trash_job(job_id: uuid.UUID, *, by: Any) -> str:
    """Put a job with its pictures into the trash; "" or the reason why it stays.

    Its pages and its ledger rows stay. Its counters do too, for when it is restored.
    """
    job = lock_job(job_id)
    if reason := why_not_trash_job(job):
        return reason
    now = database_now()
    _stop_looking(ProviderCall.objects.filter(job_ref=job.pk))
    pictures = counted(job.images.count(), "picture")
    job.images.update(deleted_at=now)
    BulkGenerationJob.objects.filter(pk=job.pk).update(deleted_at=now)
    changes.record(JOBS, JOBS_SCOPE, [RowChange(str(job.pk), HERE, IN_TRASH)], by=by)
    history.record(job, by, f"Moved the job with {pictures} to the trash.", flag=DELETION)
    return ""


def why_not_trash_job(job: BulkGenerationJob) -> str:
    """Empty when it may go to the trash; asks the ledger what is under way."""
    if job.status not in (*ENDED_JOBS, JobStatus.DRAFT):
        return "It is still running: cancel it first."
    if job.unknown_count:
        unknown = counted(job.unknown_count, "outcome is", "outcomes are")
        return f"{unknown} unknown: {DECIDE_FIRST}"
    if ProviderCall.objects.filter(job_ref=job.pk, state__in=CallState.UNSETTLED).exists():
        return "A call of it is under way: wait until it has ended."
    if job.pages_open:
        return "Pages are being made from it: stop them first."
    return ""


@whole_step
def restore_job(job_id: uuid.UUID, *, by: Any) -> bool:
    """Take a job out of the trash, with the pictures that went there with it. False when it was not
    there. Raises DoesNotExist when it is gone for good.
    """
    job = lock_any_job(job_id)
    if job.deleted_at is None:
        return False
    take_out_of_trash(job)
    history.record(job, by, "Restored the job from the trash.")
    return True


@changes.undoes(JOBS)
def _take_jobs_back(scope: str, rows: Sequence[RowChange], by: Any) -> list[str]:
    there = BulkGenerationJob.everything.filter(pk__in=[row.id for row in rows])
    known = {str(pk) for pk in there.values_list("pk", flat=True)}
    return [row.id for row in rows if row.id in known and restore_job(uuid.UUID(row.id), by=by)]


# --- for good -----------------------------------------------------------------------------------


@whole_step
def delete_images(job_id: uuid.UUID, image_ids: Iterable[int] | None = None, *, by: Any) -> int:
    """Delete pictures for good that are in the trash, all without ids, and soon their files; the
    count. One that a page was made of is spared.
    """
    job = lock_any_job(job_id)
    waiting = in_trash(job).filter(page_id=None)
    if image_ids is not None:
        waiting = waiting.filter(pk__in=list(image_ids))
    ids = list(waiting.values_list("pk", flat=True))
    keys = [*waiting.exclude(picture_key="").values_list("picture_key", flat=True)]
    keys += _may_have_stored(ProviderCall.objects.filter(image__in=ids))
    GeneratedImage.everything.filter(pk__in=ids).delete()
    ring_to_delete(list(dict.fromkeys(keys)))
    if ids:
        history.record(job, by, f"Deleted {_counted(job, len(ids))} for good.", flag=DELETION)
    return len(ids)


@whole_step
def delete_job(job_id: uuid.UUID, *, by: Any) -> str:
    """Delete a job for good that is in the trash, with its pictures; "" or the reason why it stays.

    While pages are there that were made of its pictures, it stays in the trash with those.
    """
    job = lock_any_job(job_id)
    if job.deleted_at is None:
        return "It is not in the trash."
    delete_images(job.pk, by=by)
    if spared := in_trash(job).count():
        pages = counted(spared, "page was", "pages were")
        return f"{pages} made of its pictures: those stay in the trash."
    history.record(job, by, "Deleted the job for good.", flag=DELETION)
    job.delete()
    return ""


def empty() -> None:
    """Delete for good what has been in the trash for ``conf.TRASH_DAYS``: some of it each time."""
    due: dict[str, Any] = {
        "deleted_at__lt": database_now() - dt.timedelta(days=conf.TRASH_DAYS),
    }
    of_job = GeneratedImage.everything.filter(job=OuterRef("pk"))
    jobs = BulkGenerationJob.everything.filter(
        Exists(of_job.filter(page_id=None)) | ~Exists(of_job), **due
    )
    for job_id in jobs.values_list("pk", flat=True)[:JOBS_AT_ONCE]:
        delete_job(job_id, by=None)
    by_job: dict[uuid.UUID, list[int]] = defaultdict(list)
    alone = GeneratedImage.everything.filter(page_id=None, job__deleted_at=None, **due)
    for job_id, image_id in alone.values_list("job_id", "pk")[:PICTURES_AT_ONCE]:
        by_job[job_id].append(image_id)
    for job_id, image_ids in by_job.items():
        delete_images(job_id, image_ids, by=None)


def _stop_looking(calls: QuerySet[ProviderCall]) -> None:
    """Nothing looks any more for what its unknown calls may have stored."""
    calls.filter(kind=CallKind.IMAGE, state=CallState.UNKNOWN).update(
        looked_up=len(conf.LOOK_AGAIN)
    )


def _may_have_stored(calls: QuerySet[ProviderCall]) -> list[str]:
    """The keys of what unknown calls may have stored."""
    unknown = calls.filter(kind=CallKind.IMAGE, state=CallState.UNKNOWN)
    return [call.picture_key for call in unknown]
