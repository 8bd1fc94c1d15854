"""The paid step of a page: its text, through the ledger and the platform's text account."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings

from bulk_admin.models import CallKind, CallState, GeneratedImage, PageStatus, Pool, ProviderAccount, ProviderCall
from bulk_admin.services.counters import count_pages, lock_job, save
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.ledger import Permit, pages_waiting_for_text, style_note
from bulk_admin.services.outcome import Outcome
from bulk_admin.services.page_steps import fail_or_wait, move_page
from bulk_admin.services.page_work import TextWork
from bulk_admin.services.settling import settle
from bulk_admin.services.setup import credentials_of
from prompts.services.errors import OpenAIAccess, ServiceError

MAX_TRIES = 3  # an unknown text call is repeated by itself, at most twice


def platform_text_account() -> ProviderAccount | None:
    """The platform's account for moderation and page texts, if there is a key."""
    account = (
        ProviderAccount.objects.filter(provider="openai", owner=None, is_enabled=True, pools__kind=CallKind.TEXT).order_by("-key_from_environment").first()
    )
    return account if account is not None and account.api_key else None


def text_access() -> OpenAIAccess | None:
    account = platform_text_account()
    if account is None:
        return None
    credentials = credentials_of(account)
    return OpenAIAccess(api_key=credentials.api_key, base_url=credentials.base_url, timeout=settings.BULK_CALL_DEADLINE)


def pools_with_work() -> list[int]:
    """The platform's text pool, while a page waits for its text."""
    waiting = GeneratedImage.objects.filter(page_status=PageStatus.WRITING, page_owner=None, job__pages_open__gt=0)
    account = platform_text_account() if waiting.exists() else None
    return list(Pool.objects.filter(account=account, kind=CallKind.TEXT).values_list("pk", flat=True)) if account else []


def work_for(permit: Permit) -> TextWork:
    access = text_access()
    if access is None:
        raise ValueError("There is no key for page texts.")
    image = GeneratedImage.objects.get(pk=permit.image_id)
    return TextWork(permit=permit, picture_key=image.picture_key, content_type=image.content_type, access=access, style_note=style_note())


@whole_step
def finish(work: TextWork) -> None:
    """Book a text call and save its text, in one transaction. A text that comes late is taken too: it is paid for."""
    settle(work.permit.call_id, work.ledger_outcome())
    _go_on(work.permit.call_id, work.content, work.error)


@whole_step
def lose(call_id: uuid.UUID, outcome: Outcome) -> str:
    """Book the unknown call of a dead worker. It counts as a try, so that a page whose worker always dies is not bought for ever."""
    done = settle(call_id, outcome, only_of_dead_owner=True)
    if done == "counted":
        _go_on(call_id, {}, ServiceError(outcome.message, code="unknown", retryable=True, billed="unknown"))
    return done


def _go_on(call_id: uuid.UUID, content: dict[str, Any], error: ServiceError | None) -> None:
    """The page's next status, if it still waits for a text. Only the call that holds the step may tell an error."""
    call = ProviderCall.objects.only("job_ref", "image_id", "owner_id").get(pk=call_id)
    job = lock_job(call.job_ref)
    image = job.images.filter(pk=call.image_id or 0, page_status=PageStatus.WRITING).first()
    if image is None or (error is not None and not _holds_the_step(call, image)):
        return
    now = database_now()
    job.revision += 1
    saved: dict[str, Any] = {"page_owner": None, "revision": job.revision}
    if error is not None:
        fail_or_wait(job, image, error, now, MAX_TRIES, saved)
    else:
        move_page(job, image, PageStatus.SAVING, content=content, page_attempt=0, page_error_code="", page_error="", **saved)
    save(job, now)


def _holds_the_step(call: ProviderCall, image: GeneratedImage) -> bool:
    """Not a dead worker's call whose step another one has, nor one that was given up and followed by the next."""
    return image.page_owner_id == call.owner_id and not image.calls.filter(kind=CallKind.TEXT, state=CallState.OPEN).exists()


def stop(pool_id: int, code: str) -> None:
    """Nothing can be bought from the text pool: the pages that wait for it have failed, and can be retried."""
    if not Pool.objects.filter(pk=pool_id, kind=CallKind.TEXT).exists():
        return
    waiting = pages_waiting_for_text(database_now())
    for job_id in set(waiting.order_by().values_list("job_id", flat=True)):
        _fail(job_id, code)


@whole_step
def _fail(job_id: uuid.UUID, code: str) -> None:
    job = lock_job(job_id)
    job.revision += 1
    message = "Nothing could be bought from the account for page texts."
    failed = job.images.filter(page_status=PageStatus.WRITING, page_owner=None).move(
        PageStatus.FAILED, field="page_status", revision=job.revision, page_error_code=code, page_error=message
    )
    count_pages(job, PageStatus.WRITING, PageStatus.FAILED, failed)
    save(job, database_now())
