"""Accounts at providers, and the pools of calls that share one of their limits."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q

from bulk_admin import credentials, plain_json
from bulk_admin.conf import conf

from .statuses import CallKind

MOST_PER_MINUTE = 100_000
PRIVATE_LABEL = "a private account"
KEY_FIELDS = ("encrypted_key", "key_last_four", "key_owner")
# What was found out about a key, and says nothing of another one.
VERDICT_FIELDS = ("stop_code", "stop_message", "check_result", "checked_at")


class AccountQuerySet(models.QuerySet["ProviderAccount"]):
    def platform(self) -> AccountQuerySet:
        return self.filter(is_platform=True)

    def usable_by(self, person: Any) -> AccountQuerySet:
        """The platform's accounts and the person's own."""
        return self.filter(Q(is_platform=True) | Q(owner=person))

    def known_to(self, person: Any) -> AccountQuerySet:
        """Those whose labels a person may read: the others' private ones only with the
        permission to manage accounts.
        """
        if person.has_perm("bulk_admin.manage_accounts"):
            return self.all()
        return self.usable_by(person)

    def with_left_key(self) -> AccountQuerySet:
        """Those that hold a key of another owner's, deleted ones included: nothing is bought with
        it, and it goes when no call needs it any more.
        """
        is_left = (
            Q(is_platform=True, key_owner__isnull=False)
            | Q(is_platform=False, owner=None)
            | Q(is_platform=False, key_owner=None)
            | (Q(owner__isnull=False, key_owner__isnull=False) & ~Q(key_owner=F("owner")))
        )
        return self.filter(is_left).exclude(encrypted_key="")


class ProviderAccount(models.Model):
    """A key at a provider. Money and caps are micro-dollars.

    ``is_platform`` says whose it is: the platform's, for everybody, or private. A private account
    without an owner is not everybody's: its owner was deleted.
    """

    provider = models.CharField(max_length=40, help_text="Name of a provider module.")
    label = models.CharField(max_length=80)
    base_url = models.CharField(
        max_length=300,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text=(
            "Only for servers that speak the provider's protocol. Changing it clears the key."
        ),
    )
    private_network = models.BooleanField(
        default=False,
        help_text=(
            "The base URL is a server inside our own network. Unless this is ticked, addresses in"
            " it are refused."
        ),
    )
    key_from_environment = models.BooleanField(default=False, editable=False)
    encrypted_key = models.TextField(blank=True, editable=False)
    key_last_four = models.CharField(max_length=4, blank=True, editable=False)
    key_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,  # it is to name them also when they are deleted
        db_index=False,
        related_name="+",
        help_text="Who owned the account as the key was entered; empty: the platform.",
    )
    is_platform = models.BooleanField(default=False, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        help_text="Empty: the platform's own, for everyone.",
    )
    tier = models.PositiveSmallIntegerField(
        default=1, help_text="The provider's usage tier, 1-5: sets the pictures per minute."
    )
    images_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_PER_MINUTE)],
        help_text="Only if the account's limit differs from its tier's.",
    )
    max_in_flight = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_PER_MINUTE)],
        help_text="Pictures under way at once. Empty: as many as the limit per minute.",
    )
    day_cap = models.BigIntegerField(null=True, blank=True)
    month_cap = models.BigIntegerField(null=True, blank=True)
    person_day_cap = models.BigIntegerField(null=True, blank=True)
    buy_again_unasked = models.BooleanField(
        default=False,
        help_text=(
            "Buy a picture again automatically when no answer came back. Both calls are booked."
        ),
    )
    skips_moderation = models.BooleanField(
        default=False,
        db_default=False,
        help_text=(
            "Make pages of its pictures without asking moderation, which is free. Only for a"
            " provider that refuses such prompts and pictures itself."
        ),
    )
    is_enabled = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    stop_code = models.CharField(
        max_length=20, blank=True, editable=False, help_text="Why nothing is bought with it."
    )
    stop_message = models.CharField(max_length=300, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    check_result = models.CharField(max_length=300, blank=True, editable=False)
    options = models.JSONField(
        default=dict,
        blank=True,
        validators=[plain_json.check],
        help_text="For the provider module, such as the placeholder's delay.",
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["label"]
        permissions = [("manage_accounts", "Can manage provider accounts and keys")]
        constraints = [
            models.UniqueConstraint(
                fields=["label"],
                condition=Q(is_platform=True),
                name="one_platform_label",
                violation_error_message="The platform has an account with this label already.",
            ),
            models.UniqueConstraint(
                fields=["owner", "label"],
                condition=Q(is_platform=False),
                name="one_label_per_owner",
                violation_error_message="This owner has an account with this label already.",
            ),
            models.CheckConstraint(
                condition=Q(is_platform=False) | Q(owner=None), name="platform_has_no_owner"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(is_platform=True), name="default_is_platform"
            ),
            models.CheckConstraint(
                condition=Q(is_enabled=False) | Q(is_platform=True) | Q(owner__isnull=False),
                name="orphaned_account_is_off",
                violation_error_message="The owner of this account was deleted: it stays off.",
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_account"
            ),
            models.UniqueConstraint(
                fields=["provider"],
                condition=Q(key_from_environment=True),
                name="one_environment_account",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def label_for(self, person: Any) -> str:
        """The label of a private account is its owner's, and theirs who manage all accounts."""
        is_shown = self.is_usable_by(person) or person.has_perm("bulk_admin.manage_accounts")
        return self.label if is_shown else PRIVATE_LABEL

    @property
    def is_orphaned(self) -> bool:
        return not self.is_platform and self.owner_id is None

    @property
    def has_left_key(self) -> bool:
        """Of one row what ``with_left_key`` is of a query: whichever way the owner was changed."""
        is_its_owner_s = self.key_owner_id == self.owner_id and not self.is_orphaned
        return bool(self.encrypted_key) and not is_its_owner_s

    @property
    def has_key(self) -> bool:
        return self.key_from_environment or bool(self.encrypted_key and not self.has_left_key)

    @property
    def api_key(self) -> str:
        """The owner's key in the clear, for the moment of a call; empty when there is none.

        Raises credentials.KeyUnreadable when CREDENTIAL_KEYS no longer holds the key it was
        encrypted with.
        """
        return "" if self.has_left_key else self.key_under_way

    @property
    def key_under_way(self) -> str:
        """As ``api_key``, but also one that another owner has left: for the calls that were sent
        with it.
        """
        if self.key_from_environment:
            return credentials.from_environment(self.provider)
        return credentials.decrypt(self.encrypted_key) if self.encrypted_key else ""

    @property
    def download_hosts(self) -> list[str]:
        """Servers, besides its own, that its pictures may be downloaded from."""
        return [str(host) for host in self.options.get("download_hosts", [])]

    def is_usable_by(self, person: Any) -> bool:
        """Of one row what ``usable_by`` is of a query."""
        return self.is_platform or (person is not None and self.owner_id == person.pk)

    def forget_verdict(self) -> None:
        """Nothing is known of the key. Does not save the row: see VERDICT_FIELDS."""
        self.stop_code = self.stop_message = self.check_result = ""
        self.checked_at = None

    def set_key(self, key: str) -> None:
        """Keep a key of the owner's, encrypted. Does not save the row: see KEY_FIELDS."""
        self.encrypted_key = credentials.encrypt(key) if key else ""
        self.key_last_four = key[-4:] if len(key) >= 12 else ""
        self.key_owner_id = self.owner_id


class Pool(models.Model):
    """Calls of one account that share one provider limit. ``ledger.open_call`` locks this row."""

    account = models.ForeignKey(ProviderAccount, models.CASCADE, related_name="pools")
    kind = models.CharField(max_length=5, choices=CallKind)
    limit_per_minute = models.PositiveIntegerField(help_text="Calls per minute; 0 means no limit.")
    max_in_flight = models.PositiveIntegerField()
    cooldown_until = models.DateTimeField(null=True, blank=True)
    gap = models.FloatField(
        default=0,
        help_text="Seconds between two calls, after the provider refused within its own limit.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kind"], name="one_pool_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.account} · {self.kind}"

    @property
    def buys(self) -> str:
        """What its calls are for, in words."""
        return "pictures" if self.kind == CallKind.IMAGE else "page texts"

    def cooldown(self, now: dt.datetime) -> str:
        """Until when the provider asked to wait, with its day; "" when nothing waits for it."""
        until = self.cooldown_until
        return f"{until:%d %b %Y %H:%M:%S} UTC" if until and until > now else ""

    @property
    def window(self) -> dt.timedelta:
        """How long a call counts against the limit: the provider's minute and a guard."""
        return dt.timedelta(seconds=conf.WINDOW + conf.GUARD)


def pool_limits(account: ProviderAccount, provider_limit: int) -> dict[str, Any]:
    """A pool's numbers from what the account says; ``provider_limit`` is the tier's, per minute."""
    limit = account.images_per_minute or provider_limit
    return {
        "limit_per_minute": limit,
        "max_in_flight": (
            account.max_in_flight or max(limit, 1) if limit else account.max_in_flight or 60
        ),
    }
