"""From kept pictures to draft pages: which pictures get one, and what staff do about it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Value
from django.db.models.functions import Coalesce

from bulk_admin.codes import Code
from bulk_admin.formats import counted
from bulk_admin.models import (
    MADE_PAGES,
    NEW_PAGES,
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    PageStatus,
)
from bulk_admin.numbers import whole
from bulk_admin.services import history
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.services.queue.job_row import count_pages, lock_any_job, lock_job, save

WITHOUT_PAGE = (PageStatus.NONE, PageStatus.FAILED)
SOURCE = "image-"  # and its number: the source_ref of a page


@dataclass(frozen=True, slots=True)
class CreatePages:
    """What pressing Create pages does, or would do: pages begun, siblings left out, pictures that
    can have none.
    """

    queued: int
    same_prompt: int
    skipped: int


@dataclass(frozen=True, slots=True)
class _Choice:
    chosen: list[int]
    siblings: list[int]
    skipped: int

    def counts(self) -> CreatePages:
        return CreatePages(len(self.chosen), len(self.siblings), self.skipped)


def _choose(
    job: BulkGenerationJob, image_ids: Iterable[int] | None, every_kept: bool | None
) -> _Choice:
    """Which kept pictures get a page: of each prompt's group the first one, unless all are
    wanted.
    """
    every_kept = job.page_for_every_kept if every_kept is None else every_kept
    kept = job.images.filter(selected=True)
    if image_ids is not None:
        kept = kept.filter(pk__in=list(image_ids))
    rows = list(
        kept.order_by("position", "variant").values_list("pk", "position", "status", "page_status")
    )
    taken = set(
        job.images.exclude(page_status__in=(*WITHOUT_PAGE, PageStatus.BLOCKED)).values_list(
            "position", flat=True
        )
    )
    chosen: list[int] = []
    siblings: list[int] = []
    skipped = 0
    for pk, position, status, page_status in rows:
        if status != ImageStatus.COMPLETED or page_status not in WITHOUT_PAGE:
            skipped += 1
        elif position in taken and not every_kept:
            siblings.append(pk)
        else:
            chosen.append(pk)
            taken.add(position)
    return _Choice(chosen, siblings, skipped)


def preview(
    job_id: uuid.UUID, image_ids: Iterable[int] | None = None, every_kept: bool | None = None
) -> CreatePages:
    """The counts that ``create_pages`` would come to; changes nothing."""
    return _choose(BulkGenerationJob.objects.get(pk=job_id), image_ids, every_kept).counts()


@whole_step
def create_pages(
    job_id: uuid.UUID,
    image_ids: Iterable[int] | None = None,
    *,
    every_kept: bool | None = None,
    by: Any,
) -> CreatePages:
    """Queue kept pictures for a draft page, as asked for by ``by``, and ring.

    Pressed again, those that have or get a page are skipped.
    """
    job = lock_job(job_id)
    if every_kept is not None:
        BulkGenerationJob.objects.filter(pk=job.pk).update(page_for_every_kept=every_kept)
    choice = _choose(job, image_ids, every_kept)
    if choice.chosen:
        history.record(job, by, f"Ordered {counted(len(choice.chosen), 'page')}.")
    now = database_now()
    decided = Coalesce("decided_at", Value(now))  # who asks for its page has decided to keep it
    return _queue(job, choice, now, page_requested_by=by, decided_at=decided)


def queue_kept(
    job: BulkGenerationJob, now: dt.datetime, image_ids: Iterable[int] | None = None
) -> None:
    """For a job that asked for pages at its end, or for pictures that came later still; under its
    lock. Who pressed Generate has asked for them.
    """
    _queue(job, _choose(job, image_ids, None), now)


def _queue(job: BulkGenerationJob, choice: _Choice, now: dt.datetime, **asked: Any) -> CreatePages:
    job.revision += 1
    fresh = {
        "revision": job.revision,
        "page_attempt": 0,
        "page_not_before": None,
        "page_owner": None,
        "page_error_code": "",
        "page_error": "",
        **asked,
    }
    for before in WITHOUT_PAGE:
        moved = job.images.filter(pk__in=choice.chosen, page_status=before).move(
            PageStatus.QUEUED, field="page_status", **fresh
        )
        count_pages(job, before, PageStatus.QUEUED, moved)
    noted = {
        "page_error_code": Code.SAME_PROMPT,
        "page_error": "Another picture of the same prompt has the page.",
    }
    job.images.filter(pk__in=choice.siblings).exclude(page_error_code=Code.SAME_PROMPT).update(
        revision=job.revision, **noted
    )
    save(job, now)
    ring()
    return choice.counts()


@whole_step
def stop_pages(job_id: uuid.UUID, *, by: Any) -> int:
    """Take back page work that no worker holds; the count.

    What is saved of it stays for the next time.

    Pages are asked for from then on: a re-roll that ends the job once more does not begin them all
    again.
    """
    job = lock_job(job_id)
    BulkGenerationJob.objects.filter(pk=job.pk).update(create_pages_when_done=False)
    job.revision += 1
    waiting = job.images.filter(page_owner=None, page_status__in=NEW_PAGES)
    stopped = waiting.move(
        PageStatus.NONE, field="page_status", revision=job.revision, page_not_before=None
    )
    count_pages(job, PageStatus.QUEUED, PageStatus.NONE, stopped)
    if stopped:
        save(job, database_now())
        history.record(job, by, f"Stopped {counted(stopped, 'page')}.")
    return stopped


def retry_pages(job_id: uuid.UUID, *, by: Any) -> int:
    """Queue again what failed on its way to a page; the count."""
    failed = GeneratedImage.objects.filter(
        job_id=job_id, page_status=PageStatus.FAILED
    ).values_list("pk", flat=True)
    return create_pages(job_id, list(failed), by=by).queued if failed else 0


def forget_page(page_id: Any) -> None:
    """A page goes, or is put away: its picture may have a new one. In the caller's transaction,
    before the page is locked.
    """
    image = GeneratedImage.everything.filter(page_id=str(page_id)).only("job_id").first()
    if image is None:
        return
    job = lock_any_job(image.job_id)
    job.revision += 1
    for made in MADE_PAGES:
        forgotten = GeneratedImage.everything.filter(pk=image.pk, page_status=made).move(
            PageStatus.NONE, field="page_status", revision=job.revision, page_id=None
        )
        count_pages(job, made, PageStatus.NONE, forgotten)
    save(job, database_now())


def reclaim_page(page_id: Any, source_ref: str) -> bool:
    """A page that was put away is back: whether its picture has it again. In the caller's
    transaction, before the page is locked.

    False when the picture is gone, or has or gets another page.
    """
    image_id = whole(source_ref.removeprefix(SOURCE))
    image = GeneratedImage.objects.filter(pk=image_id or 0).only("job_id").first()
    if image is None or not source_ref.startswith(SOURCE):
        return False
    job = lock_job(image.job_id)
    job.revision += 1
    back = job.images.filter(pk=image.pk, page_status=PageStatus.NONE, page_id=None).move(
        PageStatus.CREATED, field="page_status", revision=job.revision, page_id=str(page_id)
    )
    count_pages(job, PageStatus.NONE, PageStatus.CREATED, back)
    save(job, database_now())
    return bool(back)


def on_page_deleted(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    """Receiver of pre_delete of the site's page model."""
    if instance.pk is not None:
        forget_page(instance.pk)
