"""What the health page says about publishing.

Pages are named by number: who sees that page may have no right to see these.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Count

from bulk_admin.adapter import Fact, State, database_now, duration
from prompts.models import Prompt
from prompts.services import publish_worker

LATE = dt.timedelta(minutes=3)  # the worker looks every minute
MOST_REASONS = 5


def facts() -> list[Fact]:
    now = database_now()
    return [_due(now), _held_back(), _last_failure(now), _exposed()]


def _due(now: dt.datetime) -> Fact:
    name = "To be published now"
    due = Prompt.objects.due(now)
    oldest = due.order_by("publish_at").values_list("publish_at", flat=True).first()
    if oldest is None:
        return Fact(name, "none")
    told = f"{due.count():,}, the oldest for {_age(oldest, now)}"
    if now - oldest < LATE:
        return Fact(name, told)
    todo = "Start a worker, or see below what failed: it is tried again."
    return Fact(name, told, State.BAD, todo)


def _held_back() -> Fact:
    """Not published when they were to be, by reason."""
    held = Prompt.objects.filter(publish_at=None, status=Prompt.Status.DRAFT).exclude(
        publish_error=""
    )
    reasons = (held.order_by().values_list("publish_error").annotate(n=Count("pk")).order_by("-n"))[
        :MOST_REASONS
    ]
    if not reasons:
        return Fact("Held back", "none")
    told = "; ".join(f"{n:,}: {reason}" for reason, n in reasons)
    todo = "The list of pages, narrowed to “not published”, has a button to try again."
    return Fact("Held back", told, State.NOTE, todo)


def _last_failure(now: dt.datetime) -> Fact:
    """The newest page whose files could not be moved, be it tried again or given up."""
    name = "Last failure"
    failed = Prompt.objects.filter(publish_error__in=publish_worker.FAILURES)
    page = failed.order_by("-updated", "-pk").first()
    if page is None:
        return Fact(name, "none")
    told = f"page {page.pk}, {_age(page.updated, now)} ago: {page.publish_error}"
    return Fact(name, told, State.NOTE, "The worker's log has the storage's own words.")


def _exposed() -> Fact:
    name = "Pictures still to leave the public web"
    count = publish_worker.exposed()
    state = State.NOTE if count else State.OK
    return Fact(name, f"of {count:,}" if count else "none", state, "A worker takes them back.")


def _age(since: dt.datetime, now: dt.datetime) -> str:
    return duration((now - since).total_seconds())
