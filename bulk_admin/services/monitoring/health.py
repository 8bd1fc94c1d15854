"""Does everything work that pictures and pages need?

Facts for staff, and what needs attention. Buys nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max, Min, Q, Sum

from bulk_admin import storages
from bulk_admin.background import ended_tasks
from bulk_admin.codes import Code
from bulk_admin.conf import conf
from bulk_admin.models import (
    CallState,
    GeneratedImage,
    PageStatus,
    ProviderAccount,
    ProviderCall,
    UnstoredImage,
    Worker,
)
from bulk_admin.services import page_adapter
from bulk_admin.services.database import database_now, guards_in_force
from bulk_admin.services.facts import Part, State
from bulk_admin.services.monitoring import workers
from bulk_admin.services.queue.doorbell import TICK
from bulk_admin.services.worker.rescue import work_is_waiting

logger = logging.getLogger(__name__)
AHEAD = dt.timedelta(minutes=1)
LATE_TICK = 180.0  # it is due every minute
LATE_LOOK = 180.0  # at a held call: a tick wakes a worker for it
SLOW_DATABASE = 1.0
PROBE = "health/probe-"
MOST_REASONS = 3


def report() -> list[Part]:
    """Every part, each one separately: one that breaks says so and leaves the others alone."""
    parts = [_safely(name, look) for name, look in PARTS.items()]
    return [part for part in parts if part.facts]


def _safely(name: str, look: Callable[[Part], None]) -> Part:
    part = Part(name)
    try:
        look(part)
    except DatabaseError as error:
        part.add(
            "Database",
            f"does not answer ({type(error).__name__})",
            State.BAD,
            "Check the database server and DATABASE_URL.",
        )
    return part


def _web(part: Part) -> None:
    part.add("This page", "answers")


def _database(part: Part) -> None:
    begun = time.monotonic()
    database_now()
    seconds = time.monotonic() - begun
    part.add(
        "Answers in",
        f"{seconds * 1000:.1f} ms",
        State.BAD if seconds > SLOW_DATABASE else State.OK,
        "The database is slow: check its load.",
    )
    missing = [name for name, value in guards_in_force().items() if not value]
    part.add(
        "Time limits of transactions",
        f"{', '.join(missing)} not in force" if missing else "in force",
        State.BAD if missing else State.OK,
        "A stuck process can hold an account: see Poolers in docs/deploying.md.",
    )
    executor = MigrationExecutor(connection)
    pending = [
        f"{migration.app_label}.{migration.name}"
        for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
    ]
    part.add(
        "Migrations",
        ", ".join(pending) or "all applied",
        State.BAD if pending else State.OK,
        "Run: manage.py migrate.",
    )


def _queue(part: Part) -> None:
    now = database_now()
    waits = work_is_waiting()
    waits_alone = workers.work_waits_in_vain(now)
    text = "yes" if waits else "no"
    part.add(
        "Queued work",
        f"{text}, but no worker has been seen" if waits_alone else text,
        State.BAD if waits_alone else State.OK,
        "Start a worker: manage.py bulk_worker.",
    )
    _bells(part, now)
    _tick(part, now)
    _set_aside(part)
    _held(part, now)
    for worker in Worker.objects.filter(
        beat_at__gte=now - dt.timedelta(seconds=10 * conf.LEASE)
    ).order_by("-beat_at"):
        age = _age(now, worker.beat_at)
        drains = ", draining" if worker.draining else ""
        state = State.NOTE if age > conf.LEASE else State.OK
        part.add(
            f"Worker {worker}",
            f"beat {age:.0f} s ago, {worker.in_flight} in flight{drains}",
            state,
            "It is considered dead; its work will be rescued.",
        )


def _held(part: Part, now: dt.datetime) -> None:
    held = ProviderCall.objects.filter(state=CallState.HELD).aggregate(
        n=Count("pk"), next=Min("poll_at")
    )
    overdue = (now - held["next"]).total_seconds() if held["next"] else 0.0
    is_late = overdue > LATE_LOOK
    when = f"{overdue:.0f} s overdue" if is_late else f"due in {max(-overdue, 0.0):.0f} s"
    part.add(
        "Held by providers",
        f"{held['n']}, the next look {when}" if held["n"] else "none",
        State.BAD if is_late else State.OK,
        "No worker asks for them: start one, or restart the one that hangs.",
    )


def _set_aside(part: Part) -> None:
    """Results that could not be booked as they came. By call: whose account it was is not for all
    to see.
    """
    calls = ProviderCall.objects.exclude(set_aside="")
    under_way = Q(state__in=CallState.UNSETTLED)
    found = calls.aggregate(n=Count("pk"), open=Count("pk", filter=under_way))
    newest = calls.values_list("pk", "set_aside")[:MOST_REASONS]
    reasons = "; ".join(f"call {pk}: {reason}" for pk, reason in newest)
    value = f"{found['n']}, of which {found['open']} still open" if found["n"] else "none"
    state = State.BAD if found["open"] else State.NOTE if found["n"] else State.OK
    part.add("Results set aside", value, state, f"Report it, with the log. {reasons}")
    broken = GeneratedImage.objects.filter(
        page_status=PageStatus.FAILED, page_error_code=Code.BROKEN
    ).count()
    part.add(
        "Pages that broke",
        str(broken) if broken else "none",
        State.NOTE if broken else State.OK,
        "Look at them in the list of pictures; the log has the reason.",
    )


def _bells(part: Part, now: dt.datetime) -> None:
    bells = workers.untaken_bells(now)
    age = _age(now, bells.oldest_rung_at) if bells.oldest_rung_at else 0.0
    is_late = age > conf.NO_WORKER_AFTER
    text = f"{bells.count}, the oldest {age:.0f} s old" if bells.count else "none"
    part.add(
        "Tasks not picked up",
        text,
        State.BAD if is_late else State.OK,
        "No worker picks up tasks: start one, or restart the one that hangs.",
    )


def _tick(part: Part, now: dt.datetime) -> None:
    # One that has yet to come was written by a clock that was ahead.
    ticks = ended_tasks().filter(func=TICK, success=True, stopped__lte=now + AHEAD)
    last = ticks.aggregate(last=Max("stopped"))["last"]
    if last is None:
        part.add(
            "Last scheduled check",
            "never",
            State.NOTE,
            "A worker runs it every minute; a fresh installation has not had one yet.",
        )
        return
    age = _age(now, last)
    part.add(
        "Last scheduled check",
        f"{age:.0f} s ago",
        State.BAD if age > LATE_TICK else State.OK,
        "Nothing is rescued: start a worker, and check that the schedule bulk-tick exists.",
    )


def _storage(part: Part) -> None:
    _probe(part, "Private pictures", conf.STORAGE)
    if conf.PAGE_STORAGE:
        _probe(part, "Public pictures", conf.PAGE_STORAGE)
    held = UnstoredImage.objects.aggregate(n=Count("pk"), size=Sum("size"))
    size = held["size"] or 0
    is_full = held["n"] >= conf.OUTBOX_PICTURES or size >= conf.OUTBOX_BYTES
    state = State.BAD if is_full else State.NOTE if held["n"] else State.OK
    todo = (
        "It is full, so nothing is bought: fix the storage."
        if is_full
        else "It empties automatically once the storage accepts pictures again."
    )
    part.add("Outbox", f"{held['n']} pictures, {size / 1_000_000:.1f} MB", state, todo)


def _probe(part: Part, name: str, storage: str) -> None:
    """Put, get and delete a few bytes under a key of their own."""
    key, content = f"{PROBE}{uuid.uuid4()}", b"probe"
    begun = time.monotonic()
    try:
        is_whole = storages.round_trip(storage, key, content) == content
        hides_missing = is_whole and storages.denies(storage, key)
    except (storages.StorageUnavailable, FileNotFoundError) as error:
        logger.warning("storage probe failed", extra={"storage": storage, "reason": str(error)})
        # What was asked for at an address names it: that stays in the log.
        reason = type(error.__cause__).__name__ if "://" in str(error) else str(error)
        part.add(
            name,
            f"the storage refuses to write, read or delete: {reason}",
            State.BAD,
            "Check the storage's status, and its settings or the disk.",
        )
        return
    if hides_missing:
        part.add(
            name,
            "works, but answers 403 for files that are missing",
            State.NOTE,
            "Give its key the right to list files (B2: listFiles; S3: s3:ListBucket).",
        )
        return
    text = (
        f"written, read and deleted in {(time.monotonic() - begun) * 1000:.0f} ms"
        if is_whole
        else "other bytes came back"
    )
    part.add(
        name, text, State.OK if is_whole else State.BAD, "Check what else writes to this bucket."
    )


def _providers(part: Part) -> None:
    now = database_now()
    accounts = ProviderAccount.objects.platform().prefetch_related("pools")
    if not accounts:
        part.add(
            "Accounts",
            "none",
            State.BAD,
            "Add one, or run manage.py migrate, which creates the placeholder's.",
        )
    for account in accounts:
        cooldowns = [
            f"{pool.buys} wait for the provider until {until}"
            for pool in account.pools.all()
            if (until := pool.cooldown(now))
        ]
        words = ["enabled" if account.is_enabled else "disabled"]
        words += [f"stopped: {account.stop_code}"] if account.stop_code else []
        words += cooldowns
        words += [
            f"checked {account.checked_at:%d %b %Y %H:%M} UTC: {account.check_result}"
            if account.checked_at
            else "never checked"
        ]
        state = (
            State.BAD
            if account.stop_code and account.is_enabled
            else State.NOTE
            if cooldowns or not account.is_enabled
            else State.OK
        )
        todo = (
            "Fix it with the provider, then press Check on the account's page."
            if state == State.BAD
            else ""
        )
        part.add(account.label, ", ".join(words), state, todo, account_id=account.pk)


def _age(now: dt.datetime, then: dt.datetime) -> float:
    return abs((now - then).total_seconds())


def _pages(part: Part) -> None:
    """What the site says of its pages."""
    part.facts += page_adapter.health()


PARTS: dict[str, Callable[[Part], None]] = {
    "Web": _web,
    "Database": _database,
    "Queue": _queue,
    "Storage": _storage,
    "Provider": _providers,
    "Pages": _pages,
}
