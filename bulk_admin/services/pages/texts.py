"""The paid step of a page: its text, through the ledger and the platform's text account."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.db import InterfaceError, OperationalError

from bulk_admin import codes
from bulk_admin.codes import Code
from bulk_admin.conf import conf
from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import (
    TEXT_STEPS,
    CallKind,
    CallState,
    GeneratedImage,
    PageStatus,
    Pool,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.models.images import ImageQuerySet
from bulk_admin.services import page_adapter
from bulk_admin.services.accounts import credentials_of
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.permits import Permit
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.page_adapter import PageNotCreated, rewritten_page
from bulk_admin.services.pages.steps import (
    cannot_be_saved,
    fail_or_wait,
    fail_waiting,
    move_page,
)
from bulk_admin.services.pages.work import TextWork
from bulk_admin.services.queue.job_row import lock_any_job, save
from bulk_admin.services.writing.content import Content
from bulk_admin.services.writing.errors import OpenAIAccess, ServiceError

logger = logging.getLogger(__name__)
NOTHING = "Nothing could be bought from the account for page texts."
UNREADABLE = "The key of the account for page texts cannot be read any more: enter it again."
MAX_TRIES = 3  # an unknown text call is repeated automatically, at most twice


def platform_text_account() -> ProviderAccount | None:
    """The platform's account for moderation and page texts, if there is a key.

    Raises KeyUnreadable.
    """
    account = (
        ProviderAccount.objects.platform()
        .filter(provider="openai", is_enabled=True, pools__kind=CallKind.TEXT)
        .order_by("-key_from_environment")
        .first()
    )
    return account if account is not None and account.api_key else None


def text_access() -> OpenAIAccess | None:
    """Raises KeyUnreadable."""
    account = platform_text_account()
    if account is None:
        return None
    credentials = credentials_of(account)
    return OpenAIAccess(
        api_key=credentials.api_key,
        base_url=credentials.base_url,
        private_network=credentials.private_network,
        timeout=conf.CALL_DEADLINE,
    )


def pools_with_work() -> list[int]:
    """The platform's text pool, while a page waits for its text.

    When the account has gone since, those pages have failed: no pool is left whose answer would end
    them.
    """
    if not _waiting().exists():
        return []
    try:
        account = platform_text_account()
    except KeyUnreadable:
        fail_waiting(_waiting(), Code.BAD_KEY, UNREADABLE)
        return []
    if account is None:
        fail_waiting(_waiting(), Code.ACCOUNT_OFF, NOTHING)
        return []
    return list(
        Pool.objects.filter(account=account, kind=CallKind.TEXT).values_list("pk", flat=True)
    )


def _waiting() -> ImageQuerySet:
    return GeneratedImage.objects.filter(
        page_status__in=TEXT_STEPS, page_owner=None, job__pages_open__gt=0
    )


def work_for(permit: Permit) -> TextWork:
    try:
        access = text_access()
    except KeyUnreadable:
        access = None
    image = GeneratedImage.objects.get(pk=permit.image_id)
    return TextWork(
        permit=permit,
        picture_key=image.thumb_600 or image.picture_key,
        access=access,
        style_note=page_adapter.style_note(),
        save=finish,
    )


def finish(work: TextWork) -> None:
    """Book a text call and save its text, in one transaction.

    A text that comes late is taken too: it is paid for. One that cannot be saved is booked without
    it, and the page has failed.
    """
    call_id, outcome = work.permit.call_id, work.ledger_outcome()
    try:
        _finish(call_id, outcome, work.content, work.error)
    except (OperationalError, InterfaceError):
        raise
    except PageNotCreated as error:  # the site does not take the text, which is paid for
        refused = ServiceError(str(error), code=Code.PAGE_NOT_CREATED, billed="yes")
        _finish(call_id, outcome, {}, refused)
    except Exception as error:
        logger.exception("a page's text could not be saved", extra=work.permit.ids)
        _finish(call_id, outcome.bare(), {}, cannot_be_saved(error))


@whole_step
def _finish(
    call_id: uuid.UUID, outcome: Outcome, content: dict[str, Any], error: ServiceError | None
) -> None:
    settle(call_id, outcome)
    _go_on(call_id, content, error)


@whole_step
def lose(call_id: uuid.UUID, outcome: Outcome) -> Settled:
    """Book the unknown call of a dead worker.

    It counts as a try, so that a page whose worker always dies is not bought for ever.
    """
    done = settle(call_id, outcome, only_of_dead_owner=True)
    if done == Settled.COUNTED:
        _go_on(
            call_id,
            {},
            ServiceError(outcome.message, code=Code.UNKNOWN, billed="unknown"),
        )
    return done


def _go_on(call_id: uuid.UUID, content: dict[str, Any], error: ServiceError | None) -> None:
    """The page's next status, if it still waits for a text.

    Only the call that holds the step may tell an error.
    """
    call = ProviderCall.objects.only("job_ref", "image_id", "owner_id").get(pk=call_id)
    job = lock_any_job(call.job_ref)
    image = job.images.filter(pk=call.image_id or 0, page_status__in=TEXT_STEPS).first()
    if image is None or (error is not None and not _holds_the_step(call, image)):
        return
    now = database_now()
    job.revision += 1
    saved: dict[str, Any] = {"page_owner": None, "revision": job.revision}
    if error is not None:
        fail_or_wait(job, image, error, now, MAX_TRIES, saved)
    else:
        if image.page_status == PageStatus.REWRITING:
            by = image.page_requested_by
            rewritten_page(image.page_id or "", Content.from_json(content), by)
        move_page(
            job,
            image,
            PageStatus.CREATED if image.page_status == PageStatus.REWRITING else PageStatus.SAVING,
            content=content,
            page_attempt=0,
            page_error_code="",
            page_error="",
            **saved,
        )
    save(job, now)


def _holds_the_step(call: ProviderCall, image: GeneratedImage) -> bool:
    """Not a dead worker's call whose step another one has, nor one that was given up and followed
    by the next.
    """
    return (
        image.page_owner_id == call.owner_id
        and not image.calls.filter(kind=CallKind.TEXT, state__in=CallState.UNSETTLED).exists()
    )


def stop(pool_id: int, code: str, person_id: int | None = None) -> None:
    """Nothing can be bought from the text pool, or for that person: the pages that wait for it have
    failed, and can be retried.
    """
    if not Pool.objects.filter(pk=pool_id, kind=CallKind.TEXT).exists():
        return
    if person_id is None:
        fail_waiting(_waiting(), code, NOTHING)
    else:
        theirs = _waiting().filter(page_requested_by=person_id)
        fail_waiting(theirs, code, codes.about(code).sentence)
