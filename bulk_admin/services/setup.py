"""What a fresh database needs: the platform's accounts with their pools, and the one-minute schedule. Never undoes an edit."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction

from bulk_admin import credentials
from bulk_admin.models import CallKind, Pool, ProviderAccount
from bulk_admin.models.accounts import pool_limits
from bulk_admin.services.image_providers import Credentials, provider_class

TEXT_LIMIT = {"limit_per_minute": 500, "max_in_flight": 20}
PLACEHOLDER_OPTIONS = {"delay": [0.6, 2.5], "limit": 60, "faults": True}


def credentials_of(account: ProviderAccount) -> Credentials:
    """What a provider needs of an account. The environment's key goes only to the environment's address.

    Raises credentials.KeyUnreadable.
    """
    return Credentials(
        api_key=account.api_key,
        base_url=_environment_url(account.provider) if account.key_from_environment or not account.base_url else account.base_url,
        tier=account.tier,
        images_per_minute=account.images_per_minute or 0,
        options=account.options,
    )


def _environment_url(provider: str) -> str:
    addresses: dict[str, str] = {"openai": settings.OPENAI_BASE_URL, "replicate": settings.REPLICATE_BASE_URL}
    return addresses.get(provider, "")


def ensure_pools(account: ProviderAccount) -> None:
    """Make the account's pools, or bring their limits to what account and tier say."""
    limit = provider_class(account.provider)(credentials_of(account)).get_rate_limit()
    Pool.objects.update_or_create(account=account, kind=CallKind.IMAGE, defaults=pool_limits(account, limit))
    if account.provider == "openai" and account.owner_id is None:
        Pool.objects.get_or_create(account=account, kind=CallKind.TEXT, defaults=TEXT_LIMIT)


@transaction.atomic
def ensure_platform_accounts() -> None:
    """The placeholder's account, and one for each provider whose key is in the environment.

    An account that appears with its key becomes the default; one that was there is left as it is.
    """
    if not ProviderAccount.objects.filter(provider="placeholder", owner=None).exists():
        is_first = not ProviderAccount.objects.filter(is_default=True).exists()
        account = ProviderAccount.objects.create(provider="placeholder", label="Placeholder", is_default=is_first, max_in_flight=8, options=PLACEHOLDER_OPTIONS)
        ensure_pools(account)
    for provider in credentials.ENVIRONMENT_KEYS:
        if credentials.from_environment(provider):
            _ensure_environment_account(provider)


def _ensure_environment_account(provider: str) -> None:
    if ProviderAccount.objects.filter(provider=provider, key_from_environment=True).exists():
        return
    taken = set(ProviderAccount.objects.values_list("label", flat=True))
    label = provider_class(provider).label
    account = ProviderAccount.objects.create(
        provider=provider,
        label=label if label not in taken else f"{label} (platform)",
        key_from_environment=True,
        images_per_minute=settings.OPENAI_IMAGES_PER_MINUTE or None if provider == "openai" else None,
    )
    ensure_pools(account)
    if provider == "openai" or not ProviderAccount.objects.filter(is_default=True).exclude(provider="placeholder").exists():
        ProviderAccount.objects.filter(is_default=True).update(is_default=False)
        ProviderAccount.objects.filter(pk=account.pk).update(is_default=True)


def ensure_schedule() -> None:
    from django_q.models import Schedule  # its models load after this module

    Schedule.objects.get_or_create(name="bulk-tick", defaults={"func": "bulk_admin.tasks.tick", "schedule_type": Schedule.MINUTES, "minutes": 1})


def set_up_after_migrate(**kwargs: Any) -> None:
    """Receiver of post_migrate."""
    from django.db import connection

    tables = connection.introspection.table_names()
    if ProviderAccount._meta.db_table in tables and "django_q_schedule" in tables:
        ensure_platform_accounts()
        ensure_schedule()
