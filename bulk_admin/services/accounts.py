"""Accounts: what a provider needs of one, its pools, and its end with its owner.

And what a fresh database needs: the platform's accounts and the one-minute schedule. Setting up
again never undoes an edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django_q.models import Schedule

from bulk_admin import background, credentials
from bulk_admin.conf import conf
from bulk_admin.models import CallKind, CallState, Pool, ProviderAccount, ProviderCall
from bulk_admin.models.accounts import AccountQuerySet, pool_limits
from bulk_admin.services.database import Clock
from bulk_admin.services.image_providers import Credentials, provider_class, provider_label
from bulk_admin.services.queue.doorbell import OUR_TASKS, TICK, ring

TEXT_LIMIT = {"limit_per_minute": 500, "max_in_flight": 20}
PLACEHOLDER = {
    "provider": "placeholder",
    "label": "Placeholder",
    "max_in_flight": 8,
    "options": {"delay": [0.6, 2.5], "limit": 60, "faults": True},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """The settings of a provider whose key may stand in the environment, by their names."""

    base_url: str
    pace: str = ""  # pictures per minute, 0: the tier's
    writes_texts: bool = False
    comes_first: bool = False  # its account becomes the default even where another one is


PLATFORMS = {
    "openai": Platform(
        base_url="OPENAI_BASE_URL",
        pace="OPENAI_IMAGES_PER_MINUTE",
        writes_texts=True,
        comes_first=True,
    ),
    "replicate": Platform(base_url="REPLICATE_BASE_URL"),
}


def credentials_of(account: ProviderAccount, *, under_way: bool = False) -> Credentials:
    """What a provider needs of an account. ``under_way``: for calls that have been opened, with the
    key that they were sent with.

    The environment's key goes only to the environment's address, which may be anywhere: who sets it
    has the server.

    Raises credentials.KeyUnreadable.
    """
    platform = PLATFORMS.get(account.provider)
    own_url = "" if account.key_from_environment else account.base_url
    set_url = str(getattr(conf, platform.base_url)) if platform else ""
    return Credentials(
        api_key=account.key_under_way if under_way else account.api_key,
        base_url=own_url or set_url,
        private_network=account.private_network or bool(set_url and not own_url),
        tier=account.tier,
        images_per_minute=account.images_per_minute or _pace_of_environment(account),
        options=account.options,
    )


def _pace_of_environment(account: ProviderAccount) -> int:
    platform = PLATFORMS.get(account.provider)
    return (
        int(getattr(conf, platform.pace))
        if platform and platform.pace and account.key_from_environment
        else 0
    )


def ensure_pools(account: ProviderAccount) -> None:
    """Make the account's pools, or bring their limits to what account and tier say."""
    limits = pool_limits(
        account, provider_class(account.provider)(credentials_of(account)).get_rate_limit()
    )
    # Read first: the ledger locks the pool, and what is right already need not be written.
    if not Pool.objects.filter(account=account, kind=CallKind.IMAGE, **limits).exists():
        Pool.objects.update_or_create(account=account, kind=CallKind.IMAGE, defaults=limits)
    platform = PLATFORMS.get(account.provider)
    if platform and platform.writes_texts and account.is_platform:
        Pool.objects.get_or_create(account=account, kind=CallKind.TEXT, defaults=TEXT_LIMIT)


def end_cooldown(pool_id: int) -> bool:
    """Buy from a pool again before the moment that its provider named; False when nothing waits.

    A provider that meant it refuses the next call, which costs nothing, and names another moment.
    """
    # Not emptied: rescue relaxes a pool's gap by how long ago its cooldown ended.
    ended = Pool.objects.filter(pk=pool_id, cooldown_until__gt=Clock()).update(
        cooldown_until=Clock()
    )
    if ended:
        ring()
    return bool(ended)


def ensure_platform_accounts() -> None:
    """The placeholder's account, and one for each provider whose key is in the environment.

    An account that appears with its key becomes the default; one that was there is left as it is,
    but for its pace, which follows the environment.
    """
    try:
        with transaction.atomic():
            _ensure_accounts()
    except IntegrityError:  # another process made them at the same moment
        with transaction.atomic():
            _ensure_accounts()


def _ensure_accounts() -> None:
    if not ProviderAccount.objects.platform().filter(provider="placeholder").exists():
        is_first = not ProviderAccount.objects.filter(is_default=True).exists()
        ensure_pools(
            ProviderAccount.objects.create(
                is_platform=True,
                is_default=is_first,
                **{**PLACEHOLDER, "label": _free_label(str(PLACEHOLDER["label"]))},
            )
        )
    for provider in credentials.ENVIRONMENT_KEYS:
        if credentials.from_environment(provider):
            _ensure_environment_account(provider)


def _ensure_environment_account(provider: str) -> None:
    account = ProviderAccount.objects.filter(provider=provider, key_from_environment=True).first()
    if account is not None:
        ensure_pools(account)
        return
    account = ProviderAccount.objects.create(
        provider=provider,
        label=_free_label(provider_label(provider)),
        is_platform=True,
        key_from_environment=True,
    )
    ensure_pools(account)
    platform = PLATFORMS.get(provider)
    if (platform and platform.comes_first) or not ProviderAccount.objects.filter(
        is_default=True
    ).exclude(provider="placeholder").exists():
        ProviderAccount.objects.filter(is_default=True).update(is_default=False)
        ProviderAccount.objects.filter(pk=account.pk).update(is_default=True)


def _free_label(label: str) -> str:
    is_taken = ProviderAccount.objects.platform().filter(label=label).exists()
    return f"{label} (platform)" if is_taken else label


def close_accounts_of(person: Any) -> None:
    """Before a person is deleted, in the same transaction: nothing more is bought with their keys.

    Their accounts stay, for the ledger, switched off. A key that no call needs is erased at once,
    the others by ``erase_left_keys``.
    """
    own = ProviderAccount.objects.filter(owner=person)
    lock_pools(own)
    own.update(is_enabled=False)
    erase_unused_keys(own)


def lock_pools(accounts: AccountQuerySet) -> None:
    """Pool before account, as everywhere: no call is opened before the transaction ends."""
    pools = Pool.objects.filter(account__in=accounts).order_by("pk")
    list(pools.select_for_update(no_key=True, of=("self",)))


def erase_left_keys() -> None:
    """Erase the keys that are not their account's owner's, where no call is under way any more."""
    erase_unused_keys(ProviderAccount.objects.with_left_key())


def erase_unused_keys(accounts: AccountQuerySet) -> None:
    under_way = ProviderCall.objects.filter(
        pool__account=OuterRef("pk"), state__in=CallState.UNSETTLED
    )
    accounts.exclude(encrypted_key="").exclude(Exists(under_way)).update(
        encrypted_key="", key_last_four=""
    )


def on_person_deleted(sender: type[Any], instance: Any, **kwargs: Any) -> None:
    """Receiver of pre_delete: also of bulk deletions and cascades."""
    close_accounts_of(instance)


def set_up_after_migrate(**kwargs: Any) -> None:
    """Receiver of post_migrate."""
    from django.db import connection

    tables = connection.introspection.table_names()
    if ProviderAccount._meta.db_table in tables and "django_q_schedule" in tables:
        ensure_platform_accounts()
        background.move_here(OUR_TASKS)
        background.ensure_schedule("bulk-tick", TICK, schedule_type=Schedule.MINUTES, minutes=1)
