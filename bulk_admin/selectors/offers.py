"""What a person may choose for a job: accounts, models, and why one cannot be chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bulk_admin.models import CallKind, ImageModel, Pool, ProviderAccount
from bulk_admin.services.image_providers import PROVIDERS, provider_class
from bulk_admin.services.pricing.catalogue import (
    image_models,
    retirement_notice,
    retirement_warning,
)


@dataclass(frozen=True, slots=True)
class AccountChoice:
    account: ProviderAccount
    label: str
    why_not: str = ""  # not empty: it cannot be chosen
    warning: str = ""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    model: ImageModel
    label: str
    why_not: str = ""
    warning: str = ""


def image_pool(account_id: int) -> Pool | None:
    return Pool.objects.filter(account=account_id, kind=CallKind.IMAGE).first()


def account_choices(person: Any) -> list[AccountChoice]:
    """The platform's accounts and the person's own, the default one first. A handful of queries."""
    usable = ProviderAccount.objects.usable_by(person)
    mine = usable.filter(provider__in=PROVIDERS).order_by("-is_default", "label", "pk")
    pools = {
        pool.account_id: pool for pool in Pool.objects.filter(kind=CallKind.IMAGE, account__in=mine)
    }
    return [_account_choice(account, pools.get(account.pk)) for account in mine]


def _account_choice(account: ProviderAccount, pool: Pool | None) -> AccountChoice:
    pace = (
        f"{pool.limit_per_minute:,} per minute"
        if pool and pool.limit_per_minute
        else "no limit per minute"
    )
    provider = provider_class(account.provider)
    tier = f"tier {account.tier}, " if provider.requires_key else ""
    why_not = ""
    if not account.is_enabled:
        why_not = "disabled"
    elif provider.requires_key and not account.has_key:
        why_not = "it has no key"
    own = "" if account.is_platform else "your own, "
    label = f"{account.label} ({own}{tier}{pace})"
    return AccountChoice(
        account,
        f"{label}: {why_not}" if why_not else label,
        why_not,
        account.stop_message if account.stop_code else "",
    )


def model_choices(provider: str, on: dt.date) -> list[ModelChoice]:
    """The provider's image models, retired ones last."""
    models = image_models(provider).filter(is_enabled=True).order_by("sort_order", "label")
    found = [_model_choice(model, on) for model in models]
    return sorted(found, key=lambda choice: bool(choice.why_not))


def _model_choice(model: ImageModel, on: dt.date) -> ModelChoice:
    if model.is_retired(on):
        return ModelChoice(model, f"{model.label}: retired", retirement_notice(model))
    if model.retires_soon(on):
        return ModelChoice(
            model,
            f"{model.label}: until {model.retired_on:%d %b %Y}",
            warning=retirement_warning(model, on),
        )
    return ModelChoice(model, model.label)


def first_possible(choices: Sequence[Any]) -> Any | None:
    return next((choice for choice in choices if not choice.why_not), None)


def default_model(choices: Iterable[ModelChoice]) -> ModelChoice | None:
    possible = [choice for choice in choices if not choice.why_not]
    return next(
        (choice for choice in possible if choice.model.is_default),
        possible[0] if possible else None,
    )
