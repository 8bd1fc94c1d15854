"""What was spent, by day, account and person, and what the caps leave. Micro-dollars, UTC days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import (
    BigIntegerField,
    Case,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Left, StrIndex, Substr
from django.utils import timezone

from bulk_admin.models import Billed, CallState, ProviderAccount, ProviderCall, Spend
from bulk_admin.models.accounts import PRIVATE_LABEL
from bulk_admin.models.ledger import spend_keys


@dataclass(frozen=True, slots=True)
class CapLeft:
    """What today's caps leave for one person on one account."""

    cap: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpending:
    today: int
    month: int
    reserved: int  # this month


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSpending:
    """Of the platform's accounts together. A cap is the sum of theirs, and None unless each of
    them that has spent this month has one.
    """

    today: int
    month: int
    reserved: int  # this month
    day_cap: int | None
    month_cap: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTotals:
    billed: int
    unknown: int  # at the reserve
    reserved: int


def _today() -> dt.date:
    return timezone.now().astimezone(dt.UTC).date()


def cap_left_today(account: ProviderAccount, person_id: int | None) -> CapLeft | None:
    """The tighter of the account's and the person's cap; None where there is none."""
    account_key, person_key = spend_keys(account.pk, person_id)
    caps = {account_key: account.day_cap, person_key: account.person_day_cap}
    caps = {key: cap for key, cap in caps.items() if cap is not None}
    if not caps:
        return None
    used = {
        spend.key: spend.spent + spend.reserved
        for spend in Spend.objects.filter(key__in=caps, day=_today())
    }
    left = [
        CapLeft(cap, max(cap - used.get(key, 0), 0)) for key, cap in caps.items() if cap is not None
    ]
    return min(left, key=lambda cap: cap.left)


def spent_today_by_account() -> dict[int, int]:
    """By account id; accounts that spent nothing are left out."""
    rows = Spend.objects.filter(scope=Spend.Scope.ACCOUNT, day=_today())
    return {int(key): spent for key, spent in rows.values_list("key", "spent")}


def of_account(account: ProviderAccount) -> AccountSpending:
    today = _today()
    found = Spend.objects.filter(
        scope=Spend.Scope.ACCOUNT,
        key=str(account.pk),
        day__gte=today.replace(day=1),
        day__lte=today,
    ).aggregate(
        today=Sum("spent", filter=Q(day=today), default=0),
        month=Sum("spent", default=0),
        reserved=Sum("reserved", default=0),
    )
    return AccountSpending(**found)


def of_platform() -> PlatformSpending:
    today = _today()
    accounts = {str(account.pk): account for account in ProviderAccount.objects.platform()}
    days = Spend.objects.filter(
        scope=Spend.Scope.ACCOUNT, key__in=accounts, day__gte=today.replace(day=1), day__lte=today
    )
    spent = days.aggregate(
        today=Sum("spent", filter=Q(day=today), default=0),
        month=Sum("spent", default=0),
        reserved=Sum("reserved", default=0),
    )
    spenders = set(days.filter(spent__gt=0).values_list("key", flat=True))
    return PlatformSpending(
        **spent,
        day_cap=_sum_of_caps(
            (account.day_cap, key in spenders) for key, account in accounts.items()
        ),
        month_cap=_sum_of_caps(
            (account.month_cap, key in spenders) for key, account in accounts.items()
        ),
    )


def spent_yesterday() -> int:
    """Of the platform's accounts together."""
    days = Spend.objects.filter(
        scope=Spend.Scope.ACCOUNT,
        key__in=[str(pk) for pk in ProviderAccount.objects.platform().values_list("pk", flat=True)],
        day=_today() - dt.timedelta(days=1),
    )
    spent: int = days.aggregate(spent=Sum("spent", default=0))["spent"]
    return spent


def _sum_of_caps(caps: Iterable[tuple[int | None, bool]]) -> int | None:
    """Of pairs of an account's cap and whether it spends."""
    pairs = list(caps)
    if any(cap is None and spends for cap, spends in pairs):
        return None
    known = [cap for cap, _ in pairs if cap is not None]
    return sum(known) if known else None


def totals_of(calls: QuerySet[ProviderCall]) -> CallTotals:
    found = calls.order_by().aggregate(
        billed=Sum("actual", filter=Q(billed=Billed.YES), default=0),
        unknown=Sum("reserved", filter=Q(state=CallState.UNKNOWN), default=0),
        reserved=Sum("reserved", filter=Q(state__in=CallState.UNSETTLED), default=0),
    )
    return CallTotals(**found)


def account_labels(person: Any) -> list[str]:
    """Each once: two owners may have given the same one."""
    known = ProviderAccount.objects.known_to(person)
    return list(known.order_by("label").values_list("label", flat=True).distinct())


def with_label(calls: QuerySet[ProviderCall], label: str, person: Any) -> QuerySet[ProviderCall]:
    """Those of an account of this label, as far as the person may read it."""
    if person.has_perm("bulk_admin.manage_accounts"):
        return calls.filter(account_label=label)  # also where only the label is left
    return calls.filter(account_label=label, account__in=ProviderAccount.objects.usable_by(person))


def with_shown_label(calls: QuerySet[ProviderCall], person: Any) -> QuerySet[ProviderCall]:
    """With ``shown_label``, which says of other people's private accounts only that they are."""
    if person.has_perm("bulk_admin.manage_accounts"):
        return calls.annotate(shown_label=F("account_label"))
    return calls.annotate(
        shown_label=Case(
            When(account=None, then=Value("a deleted account")),
            When(Q(account__is_platform=True) | Q(account__owner=person), then="account_label"),
            default=Value(PRIVATE_LABEL),
        )
    )


def with_names(days: QuerySet[Spend], reader: Any) -> QuerySet[Spend]:
    """With the names of account and person, as far as the reader may know them: the key is their
    ids, for rows of a day outlive both.
    """
    people, colon = get_user_model(), StrIndex("key", Value(":"))
    ids = {
        "account_id": Case(
            When(scope=Spend.Scope.PERSON, then=Left("key", colon - 1)), default="key"
        ),
        "person_id": Case(When(scope=Spend.Scope.PERSON, then=Substr("key", colon + 1))),
    }
    known = ProviderAccount.objects.known_to(reader).values("pk")
    label = Case(When(pk__in=known, then="label"), default=Value(PRIVATE_LABEL))
    accounts = (
        ProviderAccount.objects.filter(pk=OuterRef("account_number"))
        .annotate(shown_label=label)
        .values("shown_label")
    )
    person = people._default_manager.filter(pk=OuterRef("person_number"))
    numbers = {
        "account_number": Cast("account_id", BigIntegerField()),
        "person_number": Cast("person_id", people._meta.pk),
    }
    return (
        days.annotate(**ids)
        .annotate(**numbers)
        .annotate(
            account_name=Subquery(accounts),
            person_name=Subquery(person.values(people.USERNAME_FIELD)),
        )
    )
