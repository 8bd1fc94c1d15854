"""The counters of each day, and the caps that they hold. Last in the lock order."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import F, Sum

from bulk_admin.codes import Code
from bulk_admin.models import BulkGenerationJob, ProviderAccount, ProviderCall, Spend


class CapReached(Exception):
    """Undoes an opening whose price does not fit: nothing of it is kept.

    With ``job_id`` only that job's person is at their cap.
    """

    def __init__(
        self, code: str, *, job_id: uuid.UUID | None = None, may_come_back: bool = False
    ) -> None:
        super().__init__(code)
        self.code, self.job_id, self.may_come_back = code, job_id, may_come_back


def reserve(account: ProviderAccount, job: BulkGenerationJob, price: int, day: dt.date) -> None:
    """Put a price, in micro-dollars, on the day's counters of the account and of the job's person.

    Raises CapReached, and then the transaction must be undone.
    """
    account_key, person_key = spend_keys(account.pk, job.created_by_id)
    earlier = spent_this_month(account_key, day) if account.month_cap is not None else 0
    month_room = None if account.month_cap is None else account.month_cap - earlier
    _take(
        Spend.Scope.ACCOUNT,
        account_key,
        day,
        price,
        [(account.day_cap, Code.DAY_CAP), (month_room, Code.MONTH_CAP)],
    )
    if person_key:
        _take(
            Spend.Scope.PERSON,
            person_key,
            day,
            price,
            [(account.person_day_cap, Code.DAY_CAP)],
            job_id=job.pk,
        )


def spend_keys(account_id: int, person_id: int | None) -> tuple[str, str]:
    return str(account_id), f"{account_id}:{person_id}" if person_id else ""


def spent_this_month(key: str, day: dt.date) -> int:
    """What the account has booked in this month before today."""
    days = Spend.objects.filter(
        scope=Spend.Scope.ACCOUNT, key=key, day__gte=day.replace(day=1), day__lt=day
    )
    return days.aggregate(total=Sum(F("spent") + F("reserved")))["total"] or 0


def _take(
    scope: str,
    key: str,
    day: dt.date,
    price: int,
    caps: list[tuple[int | None, str]],
    *,
    job_id: uuid.UUID | None = None,
) -> None:
    """Reserve a price in one day row, if every cap leaves room; else raise CapReached."""
    row = Spend.objects.filter(scope=scope, key=key, day=day)
    room = row
    for cap, _ in caps:
        if cap is not None:
            room = room.filter(spent__lte=cap - price - F("reserved"))
    if room.update(reserved=F("reserved") + price):
        return
    Spend.objects.bulk_create([Spend(scope=scope, key=key, day=day)], ignore_conflicts=True)
    if room.update(reserved=F("reserved") + price):
        return
    spent = row.values_list("spent", flat=True).get()
    full = next((code for cap, code in caps if cap is not None and spent + price > cap), "")
    raise CapReached(full or caps[0][1], job_id=job_id, may_come_back=not full)


def book(call: ProviderCall, *, released: int, added: int) -> None:
    """Carry a call's price from reserved to spent in the counters of its day."""
    account_key, person_key = spend_keys(call.account_id or 0, call.person_id)
    for scope, key in ((Spend.Scope.ACCOUNT, account_key), (Spend.Scope.PERSON, person_key)):
        if key:
            Spend.objects.filter(scope=scope, key=key, day=call.day).update(
                reserved=F("reserved") - released, spent=F("spent") + added
            )
