"""What staff do to a job.

Each function is one transaction under the job's lock; a second press changes nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import PermissionDenied

from bulk_admin import codes
from bulk_admin.codes import Code
from bulk_admin.conf import conf
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.formats import counted
from bulk_admin.models import (
    ACTIVE_JOBS,
    ENDED_JOBS,
    BulkGenerationJob,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    ProviderAccount,
)
from bulk_admin.services import history
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.drafting.settings import compose_prompt, too_long_by
from bulk_admin.services.image_providers import provider_class
from bulk_admin.services.ledger import brakes
from bulk_admin.services.pricing import estimate
from bulk_admin.services.pricing.catalogue import ModelNotAvailable, model_for
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.services.queue.job_row import count, lock_job, save
from bulk_admin.services.storage import private

DECIDE_FIRST = "buy it again or mark it as lost first."


class CannotStart(Exception):
    """Generate was refused; ``message`` says what to do."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class SheetChanged(CannotStart):
    """The draft is not what the pressed button was made for."""

    def __init__(self) -> None:
        super().__init__(Code.CHANGED, Code.CHANGED.about.sentence)


class NotYours(CannotStart, PermissionDenied):
    """The job's account is private, and another person's."""

    def __init__(self) -> None:
        super().__init__(Code.NOT_YOURS, Code.NOT_YOURS.about.sentence)


def lock_to_buy(job_id: uuid.UUID, by: Any) -> BulkGenerationJob:
    """Lock a job for which ``by`` orders pictures. Raises NotYours, whatever permissions they have.

    Every order goes through here: the web, the command line, and what is built on these services.
    """
    job = lock_job(job_id)
    check_is_theirs(job, by)
    return job


def check_is_theirs(job: BulkGenerationJob, by: Any) -> None:
    """Raise NotYours unless ``by`` may spend with the job's account."""
    if not job.account.is_usable_by(by):
        raise NotYours


def check_can_buy(account: ProviderAccount, model_name: str, on: dt.date) -> None:
    """Raise CannotStart when nothing could be bought: account off or without a key, model retired
    or unknown, no storage for the pictures.
    """
    if not private.is_set_up():
        raise CannotStart(
            Code.STORAGE_DOWN,
            f'There is no storage for the pictures: STORAGES needs a "{conf.STORAGE}" entry that'
            " can be used.",
        )
    if not account.is_enabled:
        raise CannotStart(
            Code.ACCOUNT_OFF,
            f"The account {account.label} is disabled. Enable it, or choose another one.",
        )
    if provider_class(account.provider).requires_key and not _readable_key(account):
        raise CannotStart(
            Code.BAD_KEY,
            f"The account {account.label} has no key. Enter one, or choose another account.",
        )
    try:
        model_for(account, model_name, on)
    except ModelNotAvailable as error:
        raise CannotStart(Code.MODEL_RETIRED, str(error)) from error


def _readable_key(account: ProviderAccount) -> str:
    try:
        return account.api_key
    except KeyUnreadable as error:
        raise CannotStart(
            Code.BAD_KEY, f"{error} Enter the key of {account.label} again."
        ) from error


@whole_step
def generate(job_id: uuid.UUID, *, by: Any, seen_revision: int | None = None) -> bool:
    """Start a draft: drop the rows not included, make the variants, queue everything and ring.

    ``by`` asked for all of it, and for its pages where they are made at the end.

    False when it was no draft any more (pressed twice). Raises CannotStart, and then nothing
    changes: NotYours when the account is another person's; SheetChanged when ``seen_revision``, the
    draft's as its price was shown, is not its revision now.
    """
    job = lock_to_buy(job_id, by)
    if job.status != JobStatus.DRAFT:
        return False
    if seen_revision is not None and job.revision != seen_revision:
        raise SheetChanged
    now = database_now()
    check_can_buy(job.account, job.model_name, now.date())
    rows = list(job.images.filter(included=True).order_by("position"))
    if not rows:
        raise CannotStart(Code.EMPTY, Code.EMPTY.about.sentence)
    _check_prices(job, rows, now.date())
    job.estimate = _expected_cost(job, rows, now.date())
    job.skipped += job.images.filter(included=False).count()
    job.images.filter(included=False).delete()
    asked = {"requested_by": by, "page_requested_by": by if job.create_pages_when_done else None}
    variants = [variant for row in rows for variant in _further_variants(job, row, asked)]
    job.revision += 1
    job.images.all().move(ImageStatus.QUEUED, revision=job.revision, **asked)
    GeneratedImage.objects.bulk_create(
        [at_revision(variant, job.revision) for variant in variants], batch_size=500
    )
    job.total_prompts = len(rows)
    count(job, ImageStatus.DRAFT, ImageStatus.QUEUED, len(rows))
    count(job, None, ImageStatus.QUEUED, len(variants))
    save(job, now, status=JobStatus.PENDING)
    if job.created_by_id is None:
        BulkGenerationJob.objects.filter(pk=job.pk).update(created_by=by)
    history.record(job, by, f"Ordered {counted(job.total, 'picture')}.")
    ring()
    return True


def _check_prices(job: BulkGenerationJob, rows: list[GeneratedImage], on: dt.date) -> None:
    model = model_for(job.account, job.model_name, on)
    for quality, size in {(row.quality or job.quality, row.size or job.size) for row in rows}:
        try:
            estimate.reserve_for(model, quality, size, "", on)
        except estimate.UnknownPrice as error:
            raise CannotStart(
                Code.BAD_REQUEST, f"{error} Choose another size or quality."
            ) from error
    for row in rows:
        if over := too_long_by(job, model, row.prompt_text):
            raise CannotStart(
                Code.TOO_LONG,
                f"Prompt {row.position} is {over} characters too long for {model.label}. Shorten it"
                " or untick it.",
            )


def _expected_cost(job: BulkGenerationJob, rows: list[GeneratedImage], on: dt.date) -> int:
    prompts = [compose_prompt(job, row.prompt_text) for row in rows]
    return estimate.estimate_job(
        job, model_for(job.account, job.model_name, on), rows, prompts, on
    ).total.high


def _further_variants(
    job: BulkGenerationJob, row: GeneratedImage, asked: dict[str, Any]
) -> list[GeneratedImage]:
    wanted = row.count or job.images_per_prompt
    return [copy_of(row, variant, **asked) for variant in range(2, wanted + 1)]


def copy_of(
    image: GeneratedImage, variant: int, *, requested_by: Any, page_requested_by: Any
) -> GeneratedImage:
    return GeneratedImage(
        job_id=image.job_id,
        position=image.position,
        variant=variant,
        prompt_text=image.prompt_text,
        size=image.size,
        quality=image.quality,
        count=image.count,
        requested_by=requested_by,
        page_requested_by=page_requested_by,
        status=ImageStatus.QUEUED,
    )


def at_revision(image: GeneratedImage, revision: int) -> GeneratedImage:
    image.revision = revision
    return image


@whole_step
def pause(job_id: uuid.UUID, *, by: Any) -> bool:
    """Buy nothing more; what is in flight is kept. False when it was not running."""
    job = lock_job(job_id)
    if job.status not in ACTIVE_JOBS:
        return False
    job.revision += 1
    save(job, database_now(), status=JobStatus.PAUSED, reason=Code.PAUSED)
    history.record(job, by, "Paused the job.")
    return True


@whole_step
def resume(job_id: uuid.UUID, *, by: Any) -> bool:
    """Go on with a paused job, for whoever asked for each picture; False when it was not paused.

    After a fault of its account the account is tried again: a key that is still bad pauses the job
    once more. The counts of the brakes begin again. Raises NotYours.
    """
    check_is_theirs(BulkGenerationJob.objects.select_related("account").get(pk=job_id), by)
    return go_on(job_id, by=by)


@whole_step
def go_on(job_id: uuid.UUID, *, by: Any) -> bool:
    """Resume a job whose account ``by`` has repaired, which may be another person's: what goes on
    was ordered by its owner.
    """
    found = BulkGenerationJob.objects.only("account_id", "status_reason").get(pk=job_id)
    if found.status_reason in codes.ACCOUNT_FAULTS:
        ProviderAccount.objects.select_for_update(no_key=True).filter(pk=found.account_id).first()
        ProviderAccount.objects.filter(pk=found.account_id).update(stop_code="", stop_message="")
    job = lock_job(job_id)
    if job.status != JobStatus.PAUSED:
        return False
    job.revision += 1
    brakes.clear(job)
    save(job, database_now(), status=JobStatus.PROCESSING, reason="")
    history.record(job, by, "Resumed the job.")
    ring()
    return True


@whole_step
def cancel(job_id: uuid.UUID, *, by: Any) -> bool:
    """Drop what is queued; what is in flight is kept. False when the job had ended."""
    job = lock_job(job_id)
    if job.status in ENDED_JOBS or job.status == JobStatus.DRAFT:
        return False
    job.revision += 1
    dropped = job.images.filter(status=ImageStatus.QUEUED).move(
        ImageStatus.CANCELLED, revision=job.revision, not_before=None
    )
    count(job, ImageStatus.QUEUED, ImageStatus.CANCELLED, dropped)
    save(job, database_now(), status=JobStatus.CANCELLED, reason=Code.CANCELLED)
    history.record(job, by, f"Cancelled the job: {counted(dropped, 'picture')} not bought.")
    return True


def reopen(job: BulkGenerationJob) -> None:
    """Write a job that has something queued again, and ring.

    A paused job stays paused, unless a person's cap paused it: others need not wait for that.
    """
    is_capped = job.status == JobStatus.PAUSED and job.status_reason == Code.PERSON_CAP
    status = JobStatus.PROCESSING if is_capped or job.status in ENDED_JOBS else ""
    save(job, database_now(), status=status, reason="" if status else None)
    ring()
