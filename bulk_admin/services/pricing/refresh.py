"""The provider's own list of models, and its shutdown dates, carried into the catalogue."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from bulk_admin.models import ImageModel, ProviderAccount
from bulk_admin.services.accounts import credentials_of
from bulk_admin.services.image_providers import provider_class


@dataclass
class Refreshed:
    """What a provider's model list changed: days set, ids that the catalogue does not know, ids
    that it no longer lists.
    """

    retirement_days: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    not_listed: list[str] = field(default_factory=list)


def _day(text: str) -> dt.date | None:
    """A provider's day; None when it tells none, or not one that can be read."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def refresh(account: ProviderAccount) -> Refreshed:
    """Bring retirement days up to date from the provider's model list.

    Enables nothing. Raises a ProviderError.
    """
    provider = provider_class(account.provider)(credentials_of(account))
    try:
        listed = {model.name: _day(model.shutdown_date) for model in provider.list_models()}
    finally:
        provider.close()
    result = Refreshed()
    known = {model.name: model for model in ImageModel.objects.filter(provider=account.provider)}
    for name, model in known.items():
        if name not in listed:
            result.not_listed.append(name)
        elif (day := listed[name]) and day != model.retired_on:
            ImageModel.objects.filter(pk=model.pk).update(retired_on=day)
            result.retirement_days[name] = day.isoformat()
    result.unknown = sorted(name for name in listed if name not in known and "image" in name)
    return result
