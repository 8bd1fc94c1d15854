"""What became of a call: its bytes' place, its price and its image, in one transaction.

Also for answers that come late.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid

from django.db import InterfaceError, OperationalError, transaction

from bulk_admin.codes import Code, Reach
from bulk_admin.conf import conf
from bulk_admin.credentials import encrypt
from bulk_admin.models import (
    ACTIVE_JOBS,
    ENDED_JOBS,
    Billed,
    BulkGenerationJob,
    CallKind,
    CallState,
    GeneratedImage,
    ImageModel,
    ImageStatus,
    JobStatus,
    Pool,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.services.accounts import erase_left_keys
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.ledger import brakes
from bulk_admin.services.ledger.delivering import add_late_variant, deliver
from bulk_admin.services.ledger.outcome import Outcome
from bulk_admin.services.ledger.pacing import gap_after_refusal
from bulk_admin.services.ledger.pausing import pause_locked
from bulk_admin.services.ledger.settlement import Settled, Settlement
from bulk_admin.services.ledger.spend import book
from bulk_admin.services.pricing import estimate
from bulk_admin.services.queue import page_queue
from bulk_admin.services.queue.doorbell import ring
from bulk_admin.services.queue.job_row import count, lock_jobs, save, take_out_of_trash
from bulk_admin.text import clean_text

logger = logging.getLogger(__name__)
MAX_RETRIES = 3
REASON_LIMIT = 300


def settle(call_id: uuid.UUID, outcome: Outcome, *, only_of_dead_owner: bool = False) -> Settled:
    """Book how a call ended and give its image the status that follows; what was done.

    A call for page text only moves money: the page's step is ``pages.texts``' to change.

    Safe to call again and in any order: DUPLICATE when the call had ended for good. A late answer
    to an unknown call is ADOPTED if nobody bought the picture again, else it becomes a NEW_VARIANT;
    a late "not sent" takes its money off the books. With ``only_of_dead_owner`` nothing happens
    (ALIVE) unless the call is still open and its owner has not beaten for LEASE seconds.

    What the database refuses is booked without anything that came from outside, and the call is set
    aside with the reason. Refused once more it raises, and the rescue leaves the call alone.
    """
    try:
        return _settle(call_id, outcome, only_of_dead_owner=only_of_dead_owner)
    except (OperationalError, InterfaceError, ProviderCall.DoesNotExist):
        raise
    except Exception as error:
        logger.exception("a result could not be booked", extra={"call": str(call_id)})
        reason = reason_of(error)
    try:
        return _settle(
            call_id, outcome.bare(), only_of_dead_owner=only_of_dead_owner, set_aside=reason
        )
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        ProviderCall.objects.filter(pk=call_id).update(set_aside=reason)
        raise


def reason_of(error: Exception) -> str:
    """For the row of a call that is set aside: the first line, as others may quote the row."""
    first = next(iter(str(error).splitlines()), "")
    return clean_text(f"{type(error).__name__}: {first}", REASON_LIMIT)


@whole_step
def _settle(
    call_id: uuid.UUID, outcome: Outcome, *, only_of_dead_owner: bool, set_aside: str = ""
) -> Settled:
    known = ProviderCall.objects.only("pool_id", "account_id", "image_id", "job_ref").get(
        pk=call_id
    )
    if outcome.cooldown is not None or outcome.stops == Reach.ACCOUNT:
        _tell_the_pool(known, outcome)
    jobs = {job.pk: job for job in lock_jobs(_jobs_to_lock(known, outcome))}
    job = jobs.get(known.job_ref)
    call = ProviderCall.objects.select_related("owner", "account").get(pk=call_id)
    now = database_now()
    if call.state in (CallState.DELIVERED, CallState.REFUSED):
        return Settled.DUPLICATE
    if only_of_dead_owner and not _owner_is_dead(call, now):
        return Settled.ALIVE
    settlement = Settlement(
        call=call,
        outcome=outcome,
        cost=_cost(call, outcome),
        now=now,
        owner_died=only_of_dead_owner,
    )
    done = _settle_job(job, settlement) if job is not None else Settled.COUNTED
    _pause_others(jobs, settlement)
    if settlement.was_unknown and outcome.state == CallState.UNKNOWN:
        return done
    _close(settlement, set_aside)
    book(call, released=settlement.released, added=settlement.added)
    _tell(settlement, done)
    if call.account is not None and call.account.has_left_key:
        # Not in this transaction: accounts are locked before jobs. The rescue makes up for a crash.
        transaction.on_commit(erase_left_keys, robust=True)
    return done


def _tell(settlement: Settlement, done: Settled) -> None:
    """One line, once it is committed. Ids, codes and numbers only: messages may quote a prompt."""
    call, outcome = settlement.call, settlement.outcome
    fields = {
        "kind": call.kind,
        "job": str(call.job_ref),
        "image": call.image_id,
        "call": str(call.pk),
        "account": call.account_id,
        "attempt": call.attempt,
        "state": str(outcome.state),
        "done": str(done),
        "billed": str(outcome.billed),
        "cost_microdollars": settlement.booked,
        "seconds": outcome.seconds,
        "http_status": outcome.http_status,
        "request_id": outcome.request_id[:120],
        "error": outcome.error_code,
    }
    transaction.on_commit(lambda: logger.info("call settled", extra=fields))


def _jobs_to_lock(call: ProviderCall, outcome: Outcome) -> list[uuid.UUID]:
    """The call's job, and with an account's fault every job that it stops: all by pk, at once."""
    jobs = [call.job_ref]
    if outcome.stops == Reach.ACCOUNT:
        jobs += BulkGenerationJob.objects.filter(
            account_id=call.account_id, status__in=ACTIVE_JOBS
        ).values_list("pk", flat=True)
    return jobs


def _tell_the_pool(call: ProviderCall, outcome: Outcome) -> None:
    pool = Pool.objects.select_for_update(no_key=True).filter(pk=call.pool_id or 0).first()
    if pool is None:
        return
    now = database_now()
    if outcome.cooldown is not None:
        until = now + dt.timedelta(seconds=outcome.cooldown)
        gap = gap_after_refusal(pool, now) if outcome.error_code == Code.RATE_LIMITED else pool.gap
        Pool.objects.filter(pk=pool.pk).update(
            cooldown_until=max(until, pool.cooldown_until or until), gap=gap
        )
    if outcome.stops == Reach.ACCOUNT:
        ProviderAccount.objects.filter(pk=call.account_id or 0).update(
            stop_code=outcome.error_code, stop_message=outcome.message[:300]
        )


def _owner_is_dead(call: ProviderCall, now: dt.datetime) -> bool:
    if call.state != CallState.OPEN:
        return False
    return call.owner is None or call.owner.beat_at < now - dt.timedelta(seconds=conf.LEASE)


def _cost(call: ProviderCall, outcome: Outcome) -> int | None:
    """Micro-dollars that the call costs by the usage that was reported, 0 if it was not billed;
    None when nothing that was reported says it.
    """
    if outcome.billed == Billed.NO:
        return 0
    if outcome.billed == Billed.UNKNOWN:
        return None
    model = ImageModel.objects.filter(
        provider=call.account.provider if call.account else "", name=call.model_name
    ).first()
    return estimate.cost_from_usage(model, outcome.usage, call.day) if model else None


def _settle_job(job: BulkGenerationJob, settlement: Settlement) -> Settled:
    call = settlement.call
    is_picture = call.kind == CallKind.IMAGE and call.image_id is not None
    return _settle_image(job, settlement) if is_picture else _settle_money(job, settlement)


def _settle_money(job: BulkGenerationJob, settlement: Settlement) -> Settled:
    """For a page's text, and for a picture whose row has been deleted since."""
    if settlement.call.kind == CallKind.TEXT:
        job.text_spent += settlement.added
        job.text_reserved -= settlement.released
    else:
        job.spent += settlement.added
        job.reserved -= settlement.released
    job.revision += 1
    save(job, settlement.now)
    return Settled.COUNTED


def _settle_image(job: BulkGenerationJob, settlement: Settlement) -> Settled:
    call, outcome, now = settlement.call, settlement.outcome, settlement.now
    image = GeneratedImage.everything.get(pk=call.image_id or 0)
    job.revision += 1
    if image.deleted_at is not None and outcome.state == CallState.DELIVERED:
        take_out_of_trash(job, image)  # a paid picture that came late is not thrown away
        image.refresh_from_db()
    job.spent += settlement.added
    job.reserved -= settlement.released
    mine = (
        image.attempt == call.attempt
        and image.deleted_at is None  # nothing in the trash is bought again
        and _is_waiting_for(image, was_unknown=settlement.was_unknown)
    )
    if outcome.state == CallState.DELIVERED and mine:
        done = deliver(job, image, settlement)
    elif outcome.state == CallState.DELIVERED:
        done = add_late_variant(job, image, settlement)
    elif not mine:
        GeneratedImage.everything.filter(pk=image.pk).update(
            cost=image.cost + settlement.added, revision=job.revision
        )
        done = Settled.STALE
    else:
        done = _settle_without_picture(job, image, settlement)
    status, reason = _job_stop(job, outcome, mine=mine)
    brake = None if settlement.owner_died else brakes.count_outcome(job, settlement, done)
    if brake and not status:
        status, reason = JobStatus.PAUSED, brake
    # A late "not sent": nothing else would serve it any more.
    if done == Settled.QUEUED and job.status in ENDED_JOBS:
        status = JobStatus.PROCESSING
        ring()
    detail = brakes.what_came(outcome) if reason and reason == brake else ""
    has_ended = save(job, now, status=status, reason=reason, detail=detail)
    if job.create_pages_when_done and job.status == JobStatus.COMPLETED:
        _queue_pages(job, settlement, has_ended=has_ended)
    return done


def _queue_pages(job: BulkGenerationJob, settlement: Settlement, *, has_ended: bool) -> None:
    """When the job ends, for everything kept; after that, for each late picture."""
    if has_ended:
        page_queue.queue_kept(job, settlement.now)
    elif settlement.outcome.state == CallState.DELIVERED:
        late = job.images.filter(picture_key=settlement.call.picture_key)
        page_queue.queue_kept(job, settlement.now, late.values_list("pk", flat=True))


def _is_waiting_for(image: GeneratedImage, *, was_unknown: bool) -> bool:
    if not was_unknown:
        return image.status == ImageStatus.GENERATING
    return image.status == ImageStatus.UNKNOWN or (
        image.status == ImageStatus.FAILED and image.error_code == Code.LOST
    )


def _job_stop(job: BulkGenerationJob, outcome: Outcome, *, mine: bool) -> tuple[str, str | None]:
    if mine and outcome.stops != Reach.IMAGE and job.status in ACTIVE_JOBS:
        return JobStatus.PAUSED, outcome.error_code
    return "", None


def _pause_others(jobs: dict[uuid.UUID, BulkGenerationJob], settlement: Settlement) -> None:
    """An account's fault stops every job that buys from it."""
    if settlement.outcome.stops != Reach.ACCOUNT:
        return
    for job in jobs.values():
        if job.pk != settlement.call.job_ref and job.status in ACTIVE_JOBS:
            pause_locked(job, settlement.outcome.error_code, settlement.now)


def _settle_without_picture(
    job: BulkGenerationJob, image: GeneratedImage, settlement: Settlement
) -> Settled:
    call, outcome = settlement.call, settlement.outcome
    if settlement.was_unknown and outcome.state == CallState.UNKNOWN:
        return Settled.STILL_UNKNOWN
    target, retry_in = _where_to(job, image, call, outcome)
    tries = image.tries + (1 if outcome.counts_as_try and target == ImageStatus.QUEUED else 0)
    waits = target == ImageStatus.QUEUED
    moved = GeneratedImage.objects.filter(pk=image.pk, attempt=call.attempt).move(
        target,
        revision=job.revision,
        owner=None,
        tries=tries,
        cost=image.cost + settlement.added,
        seconds=outcome.seconds,
        not_before=settlement.now + dt.timedelta(seconds=retry_in) if waits and retry_in else None,
        error_code="" if waits else outcome.error_code,
        download_host="" if waits else outcome.download_host,
        error_message="" if waits else outcome.message[:500],
    )
    if moved:
        count(job, image.status, target)
    return Settled(target)


def _where_to(
    job: BulkGenerationJob, image: GeneratedImage, call: ProviderCall, outcome: Outcome
) -> tuple[ImageStatus, float]:
    """The image's next status, and in how many seconds it is due if it is queued again."""
    again = ImageStatus.CANCELLED if job.status == JobStatus.CANCELLED else ImageStatus.QUEUED
    if outcome.state == CallState.UNKNOWN:
        buy_again = (
            call.account is not None
            and call.account.buy_again_unasked
            and image.tries < MAX_RETRIES
        )
        return (again, conf.RETRY_BACKOFF) if buy_again else (ImageStatus.UNKNOWN, 0.0)
    if outcome.stops != Reach.IMAGE:
        return again, 0.0
    if outcome.retry_in is None or (outcome.counts_as_try and image.tries >= MAX_RETRIES):
        return ImageStatus.FAILED, 0.0
    return again, outcome.retry_in


def _code_of_picture(outcome: Outcome) -> str:
    """So that a call itself says whether it brought something usable."""
    is_usable = outcome.picture is None or outcome.picture.is_readable
    return "" if is_usable else Code.UNDECODABLE


def _close(settlement: Settlement, set_aside: str) -> None:
    call, outcome = settlement.call, settlement.outcome
    left_at = call.sent_at + dt.timedelta(seconds=outcome.send_delay)
    ProviderCall.objects.filter(pk=call.pk).move(
        outcome.state,
        field="state",
        billed=outcome.billed,
        actual=settlement.booked,
        is_estimated=outcome.state == CallState.DELIVERED and settlement.cost is None,
        usage=dict(outcome.usage),
        http_status=outcome.http_status,
        request_id=outcome.request_id[:120],
        # It may hold a signature that lets anybody fetch the picture.
        encrypted_address=encrypt(outcome.address) if outcome.download_host else "",
        error_code=outcome.error_code or _code_of_picture(outcome),
        set_aside=set_aside or call.set_aside,
        # The delay was measured by another clock than the database's.
        finished_at=max(settlement.now, left_at),
        # From here the provider may have counted it: the window must not forget it earlier than
        # they do.
        sent_at=left_at,
    )
