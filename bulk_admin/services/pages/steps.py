"""The free steps of a page: who does one, and what came of it.

A step is done by one worker at a time (page_owner); its result is saved before the next begins, so
a second run pays for nothing again.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Subquery

from bulk_admin.codes import Code
from bulk_admin.conf import conf
from bulk_admin.failpoints import reach
from bulk_admin.models import (
    NEW_PAGES,
    OPEN_PAGES,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageModel,
    PageStatus,
)
from bulk_admin.models.images import ImageQuerySet
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting import page_options
from bulk_admin.services.image_providers import provider_class
from bulk_admin.services.page_adapter import PageNotCreated, PageSource, made_page
from bulk_admin.services.pages.work import PageWork
from bulk_admin.services.queue.job_row import count_pages, lock_job, save
from bulk_admin.services.queue.page_queue import SOURCE
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError

logger = logging.getLogger(__name__)
MAX_TRIES = 5
PAGES_AT_ONCE = 4
TEXT_PAUSE = 0.5  # seconds
FREE_STEPS = (PageStatus.QUEUED, PageStatus.CHECKING, PageStatus.SAVING)


def work_is_waiting() -> bool:
    return BulkGenerationJob.objects.filter(pages_open__gt=0).exists()


def _waiting(now: dt.datetime) -> QuerySet[GeneratedImage]:
    due = Q(page_not_before=None) | Q(page_not_before__lte=now)
    return GeneratedImage.objects.filter(
        due, page_owner=None, page_status__in=FREE_STEPS, job__pages_open__gt=0
    )


def claim(
    worker_id: uuid.UUID, most: int, access: OpenAIAccess | None
) -> tuple[list[PageWork], float | None]:
    """Take up to ``most`` images of one job for their next free step; with none due, the seconds
    until one is.
    """
    now = database_now()
    job_id = (
        _waiting(now)
        .order_by("job__pages_created", "job_id")
        .values_list("job_id", flat=True)
        .first()
    )
    if job_id is None:
        return [], _seconds_to_the_next(now)
    images = _claim(job_id, worker_id, most, now)
    batch = _Batch()
    return [batch.add(_page_work(image, worker_id, access, batch.save)) for image in images], None


class _Batch:
    """Pages that were claimed together are saved a few at a time: one lock of their job for all."""

    def __init__(self) -> None:
        self.under_way: list[PageWork] = []
        self.done: list[PageWork] = []

    def add(self, work: PageWork) -> PageWork:
        self.under_way.append(work)
        return work

    def save(self, work: PageWork) -> list[PageWork]:
        """Save it when enough wait with it; those that are saved now.

        One that was saved before, as given up, changes nothing.
        """
        if work not in self.under_way:
            return [work]
        if work not in self.done:
            self.done.append(work)
        if len(self.done) < min(PAGES_AT_ONCE, len(self.under_way)):
            return []
        saved = list(self.done)
        try:
            finish(saved)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("pages could not be saved: once this pump has ended, they are freed")
        self.done = []
        self.under_way = [page for page in self.under_way if page not in saved]
        return saved


def _seconds_to_the_next(now: dt.datetime) -> float | None:
    waiting = GeneratedImage.objects.filter(
        page_owner=None, page_status__in=OPEN_PAGES, job__pages_open__gt=0
    )
    first = waiting.aggregate(first=Min("page_not_before"))["first"]
    if first is None:
        return None
    # What is due already is a text: its pool answers for it, and may have to wait for long.
    return max((first - now).total_seconds(), 0.05) if first > now else TEXT_PAUSE


@whole_step
def _claim(
    job_id: uuid.UUID, worker_id: uuid.UUID, most: int, now: dt.datetime
) -> list[GeneratedImage]:
    job = lock_job(job_id)
    label = ImageModel.objects.filter(provider=job.provider, name=job.model_name).values("label")
    images: list[GeneratedImage] = list(
        _waiting(now)
        .filter(job=job)
        .annotate(model_label=Subquery(label[:1]))
        .order_by("position", "variant")[:most]
    )
    for image in images:
        image.job = job
    job.revision += 1
    claimed = GeneratedImage.objects.filter(pk__in=[image.pk for image in images])
    claimed.filter(page_status=PageStatus.QUEUED).move(PageStatus.CHECKING, field="page_status")
    claimed.update(page_owner_id=worker_id, revision=job.revision)
    save(job, now)
    return images


def _source(image: Any) -> PageSource:
    """Of a claimed image, with its model's label."""
    job: BulkGenerationJob = image.job
    return PageSource(
        source_ref=f"{SOURCE}{image.pk}",
        prompt=image.prompt_text,
        options=page_options.completed(job.page_options),
        generator=image.model_label or job.model_name,
        model=job.model_name,
        is_placeholder=provider_class(job.provider).is_placeholder,
        person_id=image.page_requested_by_id,
        job_ref=str(job.pk),
        job_name=job.name,
    )


def _page_work(
    image: GeneratedImage,
    worker_id: uuid.UUID,
    access: OpenAIAccess | None,
    save: Callable[[PageWork], list[PageWork]],
) -> PageWork:
    job = image.job
    return PageWork(
        image_id=image.pk,
        job_id=job.pk,
        owner_id=worker_id,
        source=_source(image),
        picture_key=image.picture_key,
        content_type=image.content_type,
        moderation=image.moderation,
        content=image.content,
        access=access,
        moderation_model=conf.OPENAI_MODERATION_MODEL,
        skips_moderation=job.account.skips_moderation,
        save=save,
    )


def finish(works: list[PageWork]) -> None:
    """Save what page steps came to; a page that cannot be made is its image's failure alone."""
    by_job: dict[uuid.UUID, list[PageWork]] = defaultdict(list)
    for work in works:
        by_job[work.job_id].append(work)
    for job_id, done in by_job.items():
        try:
            _finish(job_id, done)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # noqa: BLE001  # reported below, for the page it is about
            # One bad page undid them all: each on its own, so that only that one fails.
            for work in done:
                _finish_alone(job_id, work)


def _finish_alone(job_id: uuid.UUID, work: PageWork) -> None:
    """What cannot be saved is left out, or the step would be taken again for ever."""
    try:
        return _finish(job_id, [work])
    except (OperationalError, InterfaceError):
        raise
    except PageNotCreated as error:
        work.error = ServiceError(str(error), code=Code.PAGE_NOT_CREATED, billed="no")
    except Exception as error:
        logger.exception("a page step could not be saved", extra={"image": work.image_id})
        work.error = cannot_be_saved(error)
        work.moderation, work.content = {}, {}
    work.draft = None
    _finish(job_id, [work])


def cannot_be_saved(error: Exception) -> ServiceError:
    """For a page whose result the database refuses; the reason is for the log."""
    return ServiceError(
        f"What came back cannot be saved ({type(error).__name__}).", code=Code.BROKEN, billed="no"
    )


@whole_step
def _finish(job_id: uuid.UUID, works: list[PageWork]) -> None:
    job = lock_job(job_id)
    now = database_now()
    job.revision += 1
    images = job.images.in_bulk([work.image_id for work in works])
    for work in works:
        image = images.get(work.image_id)
        # A worker that was taken for dead holds the step no more: what it came to may be older than
        # what is saved.
        if (
            image is not None
            and image.page_status in FREE_STEPS
            and image.page_owner_id == work.owner_id
        ):
            _finish_one(job, image, work, now)
    save(job, now)


def _finish_one(
    job: BulkGenerationJob, image: GeneratedImage, work: PageWork, now: dt.datetime
) -> None:
    saved = {
        "moderation": work.moderation,
        "content": work.content,
        "page_owner": None,
        "revision": job.revision,
    }
    if work.error is not None:
        fail_or_wait(job, image, work.error, now, MAX_TRIES, saved)
    elif work.is_flagged:
        reasons = ", ".join(work.moderation.get("categories", []))
        move_page(
            job,
            image,
            PageStatus.BLOCKED,
            page_error_code=Code.FLAGGED,
            page_error=f"Moderation found: {reasons}.",
            **saved,
        )
    elif work.draft is None:
        move_page(job, image, PageStatus.WRITING, page_attempt=0, **saved)
    else:
        page = made_page(work.draft, work.stored)
        reach("before_page_saved")
        move_page(
            job,
            image,
            PageStatus.CREATED,
            page_id=page,
            page_error_code="",
            page_error="",
            **saved,
        )


def fail_free_steps(code: str, message: str) -> None:
    """For what no step can be done without: every page that waits for a free one has failed, and
    can be retried.
    """
    fail_waiting(
        GeneratedImage.objects.filter(
            page_owner=None, page_status__in=FREE_STEPS, job__pages_open__gt=0
        ),
        code,
        message,
    )


def fail_waiting(waiting: ImageQuerySet, code: str, message: str) -> None:
    for job_id in set(waiting.order_by().values_list("job_id", flat=True)):
        _fail_waiting(job_id, waiting, code, message)


@whole_step
def _fail_waiting(job_id: uuid.UUID, waiting: ImageQuerySet, code: str, message: str) -> None:
    job = lock_job(job_id)
    job.revision += 1
    failure = {"revision": job.revision, "page_error_code": code, "page_error": message}
    mine = waiting.filter(job_id=job_id).order_by()
    for steps, end in (
        (NEW_PAGES, PageStatus.FAILED),
        ((PageStatus.REWRITING,), PageStatus.CREATED),
    ):
        ended = mine.filter(page_status__in=steps).move(end, field="page_status", **failure)
        count_pages(job, steps[0], end, ended)  # all of them are in the same counters
    save(job, database_now())


def fail_or_wait(
    job: BulkGenerationJob,
    image: GeneratedImage,
    error: ServiceError,
    now: dt.datetime,
    most: int,
    saved: dict[str, Any],
) -> None:
    """A step that may work later waits for its turn; else the page has failed, and says why.

    What is normal uses no try up.
    """
    tries = image.page_attempt + (not error.code.about.is_normal)
    if error.retryable and tries < most:
        pause = error.retry_after or conf.RETRY_BACKOFF * 2**image.page_attempt
        GeneratedImage.objects.filter(pk=image.pk).update(
            page_attempt=tries,
            page_not_before=now + dt.timedelta(seconds=pause),
            page_error_code=error.code,
            page_error=str(error)[:500],
            **saved,
        )
    else:
        move_page(
            job,
            image,
            PageStatus.CREATED if image.page_status == PageStatus.REWRITING else PageStatus.FAILED,
            page_error_code=error.code,
            page_error=str(error)[:500],
            **saved,
        )


def move_page(
    job: BulkGenerationJob, image: GeneratedImage, to: PageStatus, **changes: Any
) -> None:
    if GeneratedImage.objects.filter(pk=image.pk).move(to, field="page_status", **changes):
        count_pages(job, image.page_status, to)
        fields = {
            "job": str(job.pk),
            "image": image.pk,
            "step": str(to),
            "error": changes.get("page_error_code", ""),
        }
        transaction.on_commit(lambda: logger.info("page step", extra=fields))


def release_from_dead() -> None:
    """Page steps of dead workers wait for another one; an open text call is the ledger's to rescue
    first.
    """
    lease_ended = database_now() - dt.timedelta(seconds=conf.LEASE)
    held = GeneratedImage.objects.filter(
        page_status__in=OPEN_PAGES, page_owner__beat_at__lt=lease_ended
    )
    in_call = Exists(
        GeneratedImage.objects.filter(
            pk=OuterRef("pk"), calls__kind=CallKind.TEXT, calls__state__in=CallState.UNSETTLED
        )
    )
    for job_id in set(held.filter(~in_call).values_list("job_id", flat=True)):
        _release(job_id, lease_ended)


@whole_step
def _release(job_id: uuid.UUID, lease_ended: dt.datetime) -> None:
    job = lock_job(job_id)
    job.revision += 1
    held = job.images.filter(page_status__in=OPEN_PAGES, page_owner__beat_at__lt=lease_ended)
    ids = list(
        held.exclude(calls__kind=CallKind.TEXT, calls__state__in=CallState.UNSETTLED).values_list(
            "pk", flat=True
        )
    )
    job.images.filter(pk__in=ids).update(page_owner=None, revision=job.revision)
    save(job, database_now())
