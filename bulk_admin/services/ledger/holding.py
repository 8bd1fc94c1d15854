"""Calls that a provider holds: it works on them under a remote id, and no worker waits for them.

Each is asked for when its ``poll_at`` is due, by whoever claims it first; a claim that nobody keeps
lapses.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import QuerySet

from bulk_admin.conf import conf
from bulk_admin.models import CallState, GeneratedImage, ImageStatus, ProviderCall
from bulk_admin.services.database import Clock, database_now, whole_step
from bulk_admin.services.image_providers import Submitted
from bulk_admin.services.queue.job_row import lock_jobs


@dataclass(frozen=True, kw_only=True, slots=True)
class DueCall:
    """A held call that was claimed to be asked for.

    ``age``: seconds since it was sent. ``is_last``: the provider's own maximum is over.
    """

    call_id: uuid.UUID
    job_id: uuid.UUID
    image_id: int | None
    account_id: int | None
    remote_id: str
    claimed_until: dt.datetime
    age: float
    is_last: bool

    @property
    def ids(self) -> dict[str, object]:
        """For a log line."""
        names = ("job_id", "image_id", "call_id", "account_id")
        return {name.removesuffix("_id"): str(getattr(self, name)) for name in names}


@whole_step
def hold(call_id: uuid.UUID, submitted: Submitted, *, send_delay: float = 0.0) -> bool:
    """Move an open call to held, with the id by which its picture is collected.

    False when the call was settled before, as unknown for instance: its id is kept all the same,
    and a later look collects by it. A second call changes nothing.
    """
    call = ProviderCall.objects.get(pk=call_id)
    lock_jobs([call.job_ref])
    now = database_now()
    GeneratedImage.objects.filter(
        pk=call.image_id or 0, attempt=call.attempt, status=ImageStatus.GENERATING
    ).update(owner=None)
    rows = ProviderCall.objects.filter(pk=call_id)
    is_held = rows.move(
        CallState.HELD,
        field="state",
        owner=None,
        remote_id=submitted.remote_id,
        poll_at=now + dt.timedelta(seconds=submitted.poll_in),
        hold_until=now + dt.timedelta(seconds=submitted.hold_for),
        # From here the provider may have counted it, as in ``settle``.
        sent_at=call.sent_at + dt.timedelta(seconds=send_delay),
    )
    if not is_held:
        rows.filter(remote_id="").update(remote_id=submitted.remote_id)
    return bool(is_held)


def _collectable() -> QuerySet[ProviderCall]:
    """Not one whose result no row takes: it would be asked for without end."""
    return ProviderCall.objects.filter(state=CallState.HELD, set_aside="")


def claim_due(most: int) -> list[DueCall]:
    """Held calls whose time has come, claimed for COLLECT_SECONDS: no other worker gets them.

    When the claim is over and the call is held still, it is due again.
    """
    due: dict[uuid.UUID, list[ProviderCall]] = defaultdict(list)
    calls = _collectable().filter(poll_at__lte=database_now())
    for call in calls.order_by("poll_at")[:most]:
        due[call.job_ref].append(call)
    return [claimed for job_id, calls in due.items() for claimed in _claim(job_id, calls)]


@whole_step
def _claim(job_id: uuid.UUID, calls: list[ProviderCall]) -> list[DueCall]:
    lock_jobs([job_id])
    now = database_now()
    until = now + dt.timedelta(seconds=conf.COLLECT_SECONDS)
    return [
        DueCall(
            call_id=call.pk,
            job_id=call.job_ref,
            image_id=call.image_id,
            account_id=call.account_id,
            remote_id=call.remote_id,
            claimed_until=until,
            age=(now - call.sent_at).total_seconds(),
            is_last=call.hold_until is None or call.hold_until <= now,
        )
        for call in calls
        if ProviderCall.objects.filter(
            pk=call.pk, state=CallState.HELD, poll_at=call.poll_at
        ).update(poll_at=until)
    ]


@whole_step
def put_off(due: DueCall, seconds: float) -> None:
    """Have a claimed call asked for again in so many seconds, and once more when its time is over.

    Nothing changes when another worker has settled or claimed it in the meantime.
    """
    lock_jobs([due.job_id])
    now = database_now()
    rows = ProviderCall.objects.filter(
        pk=due.call_id, state=CallState.HELD, poll_at=due.claimed_until
    )
    for hold_until in rows.values_list("hold_until", flat=True):
        rows.update(poll_at=min(now + dt.timedelta(seconds=seconds), max(hold_until or now, now)))


def seconds_to_next() -> float | None:
    """Until the next held call is due; 0 or less when one is, None when nothing is held."""
    held = _collectable().order_by("poll_at")
    first = held.values_list("poll_at", Clock()).first()
    return (first[0] - first[1]).total_seconds() if first and first[0] else None


def is_due(*, within: float = 0.0) -> bool:
    """Whether a held call is due in so many seconds; with less than 0, has been for so long."""
    seconds = seconds_to_next()
    return seconds is not None and seconds <= within
