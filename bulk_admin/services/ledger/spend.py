"""The counters of each day, and the caps that they hold. Last in the lock order."""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Sum

from bulk_admin.codes import Code
from bulk_admin.models import ProviderAccount, ProviderCall, Spend
from bulk_admin.models.ledger import spend_keys


class CapReached(Exception):
    """Undoes the opening of a call whose reserve does not fit: nothing of it is kept.

    With PERSON_CAP only whoever asked for it is at their cap.
    """

    def __init__(self, code: str, call: ProviderCall, *, may_come_back: bool) -> None:
        super().__init__(code)
        self.code, self.call, self.may_come_back = code, call, may_come_back


def reserve(account: ProviderAccount, call: ProviderCall) -> None:
    """Put a call's reserve on its day's counters of the account and of who asked for it.

    Raises CapReached, and then the transaction must be undone.
    """
    day = call.day
    account_key, person_key = spend_keys(account.pk, call.person_id)
    earlier = spent_this_month(account_key, day) if account.month_cap is not None else 0
    month_room = None if account.month_cap is None else account.month_cap - earlier
    account_caps = [(account.day_cap, Code.DAY_CAP), (month_room, Code.MONTH_CAP)]
    _take(call, Spend.Scope.ACCOUNT, account_key, account_caps)
    if person_key:
        person_caps = [(account.person_day_cap, Code.PERSON_CAP)]
        _take(call, Spend.Scope.PERSON, person_key, person_caps)


def spent_this_month(key: str, day: dt.date) -> int:
    """What the account has booked in this month before today."""
    days = Spend.objects.filter(
        scope=Spend.Scope.ACCOUNT, key=key, day__gte=day.replace(day=1), day__lt=day
    )
    return days.aggregate(total=Sum(F("spent") + F("reserved")))["total"] or 0


def _take(call: ProviderCall, scope: str, key: str, caps: list[tuple[int | None, Code]]) -> None:
    """Reserve a call's price in one day row, if every cap leaves room; else raise CapReached."""
    price, day = call.reserved, call.day
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
    raise CapReached(full or caps[0][1], call, may_come_back=not full)


def book(call: ProviderCall, *, released: int, added: int) -> None:
    """Carry a call's price from reserved to spent in the counters of its day."""
    account_key, person_key = spend_keys(call.account_id or 0, call.person_id)
    for scope, key in ((Spend.Scope.ACCOUNT, account_key), (Spend.Scope.PERSON, person_key)):
        if key:
            Spend.objects.filter(scope=scope, key=key, day=call.day).update(
                reserved=F("reserved") - released, spent=F("spent") + added
            )
