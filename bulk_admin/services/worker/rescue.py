"""What dead workers held, and bytes that came late: found, adopted, or shown as unknown.

Never sent again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError
from django.db.models import Exists, F, OuterRef, Q

from bulk_admin.codes import Code
from bulk_admin.conf import conf
from bulk_admin.credentials import KeyUnreadable, decrypt
from bulk_admin.models import (
    OPEN_PAGES,
    Billed,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    Pool,
    ProviderCall,
    UnstoredImage,
    Worker,
)
from bulk_admin.services.accounts import credentials_of
from bulk_admin.services.database import Clock, database_now, whole_step
from bulk_admin.services.image_providers import NotYet, provider_class
from bulk_admin.services.image_providers.errors import (
    PromptBlocked,
    PromptRejected,
    ProviderError,
)
from bulk_admin.services.ledger import holding
from bulk_admin.services.ledger.handover import finish_handovers
from bulk_admin.services.ledger.outcome import Outcome, outcome_of
from bulk_admin.services.ledger.settlement import Settled
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.pages import steps, texts
from bulk_admin.services.queue.doorbell import TICK_EVERY, pull_back_schedules, ring
from bulk_admin.services.queue.job_row import lock_any_job
from bulk_admin.services.storage import storing
from bulk_admin.services.storage.storing import StoredPicture
from bulk_admin.services.worker.image_work import facts_of, outcome_of_stored
from bulk_admin.storages import StorageDenied, StorageUnavailable

logger = logging.getLogger(__name__)
DIED = "The worker ended before an answer came. It may have been billed."
OUTBOX_AT_ONCE = 10
COLLECT_SECONDS = 30.0


def run() -> None:
    """Everything that rescue does, once.

    Safe to run anywhere, any number of times, also at the same time.
    """
    for step in (
        rescue_calls,
        steps.release_from_dead,
        look_again,
        empty_outbox,
        relax_gaps,
        forget_workers,
        finish_handovers,
        pull_back_schedules,
    ):
        with _apart("a step of the rescue broke", step=step.__name__):
            step()


@contextmanager
def _apart(what: str, **ids: object) -> Iterator[None]:
    """What one odd row raises is logged, and the others go on: it would raise in every round, and
    end each one there.
    """
    try:
        yield
    except (OperationalError, InterfaceError, StorageUnavailable):
        raise
    except Exception:
        logger.exception("%s", what, extra=ids)


def tick() -> None:
    """Rescue, and ring if work is due: what a lost doorbell or a crash left behind goes on within a
    minute.
    """
    run()
    if work_is_waiting():
        ring()


def work_is_waiting() -> bool:
    """Whether a pump has something to do before the next tick."""
    return BulkGenerationJob.objects.with_waiting_work().exists() or holding.is_due(
        within=TICK_EVERY.total_seconds()
    )


def _lease_ended(now: dt.datetime) -> dt.datetime:
    return now - dt.timedelta(seconds=conf.LEASE)


def rescue_calls() -> None:
    """Open calls whose worker is dead: what is stored, or can be collected, is adopted; the rest
    becomes unknown.
    """
    dead = Q(owner=None) | Q(owner__beat_at__lt=_lease_ended(database_now()))
    calls = ProviderCall.objects.filter(dead, state=CallState.OPEN, set_aside="")
    for call in calls.select_related("account"):
        try:
            with _apart("a call of a dead worker could not be rescued", **_ids(call)):
                done = (
                    _rescue_image(call)
                    if call.kind == CallKind.IMAGE
                    else texts.lose(call.pk, _unknown())
                )
                logger.info("call of a dead worker rescued", extra={**_ids(call), "done": done})
        except StorageUnavailable as error:
            # Not knowing whether it is there, it is left for the next round.
            _log_unavailable(call, error)


def _log_unavailable(call: ProviderCall, error: StorageUnavailable) -> None:
    logger.warning(
        "the storage does not say whether a call's picture is there",
        extra={**_ids(call), "reason": str(error)},
    )


def _rescue_image(call: ProviderCall) -> Settled:
    try:
        outcome = _recover(call) or _unknown()
    except (OperationalError, InterfaceError, StorageUnavailable):
        raise
    except Exception:
        # It would raise in every round, and keep the call open for ever.
        logger.exception("what a dead worker held could not be read", extra=_ids(call))
        outcome = _unknown()
    return settle(call.pk, outcome, only_of_dead_owner=True)


def _ids(call: ProviderCall) -> dict[str, object]:
    return {
        "kind": call.kind,
        "job": str(call.job_ref),
        "image": call.image_id,
        "call": str(call.pk),
    }


def _recover(call: ProviderCall) -> Outcome | None:
    """What became of a call that nobody waits for any more, if that can be found out.

    Raises StorageUnavailable.
    """
    picture = storing.find(call.picture_key)
    return outcome_of_stored(picture) if picture else _collect(call) or _download_if_it_comes(call)


def _collect(call: ProviderCall) -> Outcome | None:
    """Ask a provider that gave the call an id of its own; buys nothing."""
    if (
        not call.remote_id
        or call.account is None
        or not provider_class(call.account.provider).holds_calls
    ):
        return None
    try:
        provider = provider_class(call.account.provider)(
            credentials_of(call.account, under_way=True), timeout=COLLECT_SECONDS
        )
        answer = provider.collect(call.remote_id)
    except (PromptBlocked, PromptRejected) as error:
        return outcome_of(error)
    except (ProviderError, KeyUnreadable):
        return None
    if isinstance(answer, NotYet):
        return None
    return outcome_of_stored(
        storing.store(call.picture_key, answer[0].content, facts_of(answer[0]))
    )


def _download_if_it_comes(call: ProviderCall) -> Outcome | None:
    try:
        return _download(call)
    except (ProviderError, KeyUnreadable):
        return None


def _download(call: ProviderCall) -> Outcome | None:
    """A picture from the address that was kept with its call, which is judged again; buys nothing.

    Raises ProviderError, KeyUnreadable and StorageUnavailable.
    """
    if not call.encrypted_address or call.account is None:
        return None
    provider = provider_class(call.account.provider)(credentials_of(call.account))
    try:
        content = provider.download(decrypt(call.encrypted_address))
    finally:
        provider.close()
    facts = {
        "usage": call.usage,
        "request_id": call.request_id,
        "http_status": call.http_status,
    }
    return outcome_of_stored(storing.store(call.picture_key, content, facts))


def download_again(call: ProviderCall) -> Settled | None:
    """Fetch the picture of an unknown call that was made and could not be downloaded, and book it:
    ADOPTED or NEW_VARIANT, or None when no address was kept.

    Raises ProviderError with the reason, KeyUnreadable and StorageUnavailable.
    """
    outcome = _download(call)
    return settle(call.pk, outcome) if outcome else None


def look_again() -> None:
    """Keys of unknown calls, some minutes and an hour after: a dying worker may have stored the
    bytes since.
    """
    now = database_now()
    for looks, seconds in enumerate(conf.LOOK_AGAIN):
        due = ProviderCall.objects.filter(
            kind=CallKind.IMAGE,
            state=CallState.UNKNOWN,
            looked_up=looks,
            finished_at__lt=now - dt.timedelta(seconds=seconds),
        )
        for call in due:
            try:
                with _apart("an unknown call could not be looked up", **_ids(call)):
                    look_up(call)
            except StorageUnavailable as error:
                _log_unavailable(call, error)
                if isinstance(error, StorageDenied):
                    continue  # it answers at once, and may show others
                return
            _note_look(call, looks + 1)


@whole_step
def _note_look(call: ProviderCall, looks: int) -> None:
    lock_any_job(call.job_ref)
    ProviderCall.objects.filter(pk=call.pk, looked_up=looks - 1).update(looked_up=looks)


def look_up(call: ProviderCall) -> Settled | None:
    """Look for an unknown call's bytes, and book them if they are there: ADOPTED or NEW_VARIANT, or
    None if nothing is known.

    Raises StorageUnavailable.
    """
    outcome = _recover(call)
    done = settle(call.pk, outcome) if outcome else None
    logger.info("unknown call looked up", extra={**_ids(call), "done": done or "nothing found"})
    return done


def _unknown() -> Outcome:
    return Outcome(
        state=CallState.UNKNOWN, billed=Billed.UNKNOWN, error_code=Code.UNKNOWN, message=DIED
    )


def empty_outbox() -> None:
    """Put bytes that the storage had refused where they belong; what it refuses again goes to the
    end of the line, for one that it never takes must not keep the others here.
    """
    waiting = UnstoredImage.objects.order_by(F("tried_at").asc(nulls_first=True), "created")
    for held in waiting.select_related("call")[:OUTBOX_AT_ONCE]:
        UnstoredImage.objects.filter(pk=held.pk).update(tried_at=Clock())
        try:
            with _apart("a picture could not leave the outbox", **_ids(held.call)):
                picture = storing.store(
                    held.call.picture_key,
                    bytes(held.content),
                    {k: v for k, v in held.metadata.items() if k != "sha256"},
                )
                _leave_outbox(held, picture)
                logger.info("picture left the outbox", extra=_ids(held.call))
        except StorageUnavailable:
            return


@whole_step
def _leave_outbox(held: UnstoredImage, picture: StoredPicture) -> None:
    job = (
        BulkGenerationJob.everything.select_for_update(no_key=True)
        .filter(pk=held.call.job_ref)
        .first()
    )
    if job is not None:
        revision = job.revision + 1
        GeneratedImage.everything.filter(job=job, picture_key=picture.key).update(
            revision=revision,
            thumb_300=picture.thumb_300,
            thumb_600=picture.thumb_600,
            width=picture.width,
            height=picture.height,
            content_type=picture.content_type,
        )
        BulkGenerationJob.everything.filter(pk=job.pk).update(revision=revision)
    UnstoredImage.objects.filter(pk=held.pk).delete()


def relax_gaps() -> None:
    """A pool that had to space its calls out tries half the gap after two quiet minutes."""
    quiet = database_now() - dt.timedelta(seconds=120)
    for pool in Pool.objects.filter(gap__gt=0, cooldown_until__lt=quiet):
        Pool.objects.filter(pk=pool.pk, gap=pool.gap).update(
            gap=pool.gap / 2 if pool.gap > 0.02 else 0, cooldown_until=database_now()
        )


def forget_workers() -> None:
    """Rows of workers that are long gone and hold nothing."""
    calls_held = Exists(
        ProviderCall.objects.filter(owner=OuterRef("pk"), state__in=CallState.UNSETTLED)
    )
    pages_held = Exists(
        GeneratedImage.objects.filter(page_owner=OuterRef("pk"), page_status__in=OPEN_PAGES)
    )
    old = database_now() - dt.timedelta(seconds=10 * conf.LEASE)
    Worker.objects.filter(~calls_held, ~pages_held, beat_at__lt=old).delete()
