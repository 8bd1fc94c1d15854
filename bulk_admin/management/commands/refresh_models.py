"""Ask the providers which of our models they retire, and when."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import F

from bulk_admin.credentials import KeyUnreadable
from bulk_admin.models import ProviderAccount
from bulk_admin.services.accounts import ensure_platform_accounts
from bulk_admin.services.image_providers import PROVIDERS, provider_class
from bulk_admin.services.image_providers.errors import ProviderError
from bulk_admin.services.pricing.refresh import Refreshed, refresh


class Command(BaseCommand):
    help = (
        "Bring the catalogue's retirement days up to date from the providers' model lists. Enables"
        " and deletes nothing."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_platform_accounts()
        accounts = listing_accounts()
        if not accounts:
            self.stdout.write(
                "No enabled account of the platform has a provider that lists its models."
            )
        failed = [account for account in accounts if not self.refresh(account)]
        if failed:
            sys.exit(1)

    def refresh(self, account: ProviderAccount) -> bool:
        try:
            found = refresh(account)
        except (ProviderError, KeyUnreadable) as error:
            self.stderr.write(f"{account.label}: {error}")
            return False
        for line in lines_of(found) or ["nothing new"]:
            self.stdout.write(f"{account.label}: {line}")
        return True


def listing_accounts() -> list[ProviderAccount]:
    """One account of each provider that lists its models, the default one first."""
    accounts = (
        ProviderAccount.objects.platform()
        .filter(is_enabled=True, provider__in=PROVIDERS)
        .order_by(F("is_default").desc(), "pk")
    )
    first: dict[str, ProviderAccount] = {}
    for account in accounts:
        if provider_class(account.provider).lists_models:
            first.setdefault(account.provider, account)
    return list(first.values())


def lines_of(found: Refreshed) -> list[str]:
    lines = [f"{name} ends on {day}" for name, day in sorted(found.retirement_days.items())]
    lines += [f"{name} is no longer listed: it may be retired" for name in sorted(found.not_listed)]
    if found.unknown:
        lines.append(f"not in the catalogue: {', '.join(found.unknown)}")
    return lines
