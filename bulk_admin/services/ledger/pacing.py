"""When a pool may open its next call: cooldown, calls per minute, the gap between two, and how many
are in flight.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, IntegerField, QuerySet, Subquery, Sum

from bulk_admin.codes import Code
from bulk_admin.conf import conf
from bulk_admin.models import CallState, Pool, ProviderCall, UnstoredImage
from bulk_admin.services.database import Clock
from bulk_admin.services.ledger.permits import Stop, Wait, Why
from bulk_admin.services.storage import private


def gate(pool: Pool) -> Wait | Stop | dt.datetime:
    """What the pool and its account have to say; the database's clock when they have nothing
    against a call.
    """
    account = pool.account
    if account.is_orphaned:
        return Stop(Code.OWNER_DELETED)
    if account.has_left_key:
        return Stop(Code.NEW_OWNER)
    if not account.is_enabled:
        return Stop(Code.ACCOUNT_OFF)
    if account.stop_code:
        return Stop(account.stop_code)
    if not private.is_set_up():
        return Stop(Code.STORAGE_DOWN)
    if _outbox_is_full():
        return Stop(Code.STORAGE_DOWN)
    now, nth, last, in_flight = _pace(pool)
    if pool.cooldown_until and pool.cooldown_until > now:
        return Wait((pool.cooldown_until - now).total_seconds(), Why.COOLDOWN)
    if nth and (free_at := nth + pool.window) > now:
        return Wait((free_at - now).total_seconds(), Why.PACE)
    if pool.gap and last and (free_at := last + dt.timedelta(seconds=pool.gap)) > now:
        return Wait((free_at - now).total_seconds(), Why.GAP)
    if in_flight >= pool.max_in_flight:
        return Wait(0.5, Why.IN_FLIGHT)
    return now


def _pace(pool: Pool) -> tuple[dt.datetime, dt.datetime | None, dt.datetime | None, int]:
    """The clock, when the limit-th newest and the newest call were sent, and how many are under
    way: one statement.
    """
    newest = ProviderCall.objects.filter(pool=pool).order_by("-sent_at").values("sent_at")[:1]
    under_way = (
        ProviderCall.objects.filter(pool=pool, state__in=CallState.UNSETTLED)
        .order_by()
        .values("pool")
        .annotate(n=Count("*"))
        .values("n")
    )
    row = (
        Pool.objects.filter(pk=pool.pk)
        .values_list(
            Clock(),
            Subquery(limit_th_newest(pool)),
            Subquery(newest),
            Subquery(under_way, output_field=IntegerField()),
        )
        .get()
    )
    return row[0], row[1], row[2], row[3] or 0


def limit_th_newest(pool: Pool) -> QuerySet[ProviderCall, dt.datetime]:
    """When the limit-th newest call was sent: as long as it is in the window, the pool is full. No
    row without a limit, or before so many calls.
    """
    limit = pool.limit_per_minute
    newest = ProviderCall.objects.filter(pool=pool).order_by("-sent_at")
    calls = newest.values_list("sent_at", flat=True)
    return calls[limit - 1 : limit] if limit else calls.none()


def _outbox_is_full() -> bool:
    held = UnstoredImage.objects.aggregate(n=Count("*"), size=Sum("size"))
    return bool(held["n"] >= conf.OUTBOX_PICTURES or (held["size"] or 0) >= conf.OUTBOX_BYTES)


def gap_after_refusal(pool: Pool, now: dt.datetime) -> float:
    """Space calls out when the provider refused although our own minute was not full: it counts
    finer than we do.
    """
    if not pool.limit_per_minute:
        return pool.gap
    in_window = ProviderCall.objects.filter(
        pool=pool, sent_at__gt=now - dt.timedelta(seconds=conf.WINDOW)
    ).count()
    if in_window >= pool.limit_per_minute:
        return pool.gap
    even = conf.WINDOW / pool.limit_per_minute
    return float(min(max(pool.gap * 2, even / 8), even))
