"""The money: every call that may have left for a paid endpoint, and what was spent a day."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from .accounts import Pool, ProviderAccount
from .images import GeneratedImage
from .statuses import CALL_MOVES, Billed, CallKind, CallState, StatusQuerySet
from .workers import Worker

PERSON_LABEL = 150  # Django's longest username; a site's may be longer, as an address is


class CallQuerySet(StatusQuerySet["ProviderCall"]):
    moves: ClassVar = {"state": CALL_MOVES}


class ProviderCall(models.Model):
    """One request that may leave.

    Its id is our client request id and names its bytes in the storage.

    Rows outlive the job, the image and the person: their ids and labels are copied.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=5, choices=CallKind)
    image = models.ForeignKey(
        GeneratedImage, models.SET_NULL, null=True, related_name="calls", db_index=True
    )
    account = models.ForeignKey(ProviderAccount, models.SET_NULL, null=True, db_index=False)
    pool = models.ForeignKey(Pool, models.SET_NULL, null=True, db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False)
    owner = models.ForeignKey(Worker, models.SET_NULL, null=True, db_index=False)
    job_ref = models.UUIDField(
        db_index=True, help_text="The job's id, even after the job is deleted."
    )
    place = models.CharField(max_length=20, help_text="position.variant of the image.")
    job_label = models.CharField(max_length=120)
    account_label = models.CharField(max_length=80)
    person_label = models.CharField(max_length=PERSON_LABEL, blank=True)
    model_name = models.CharField(max_length=120)
    attempt = models.PositiveSmallIntegerField()
    day = models.DateField(help_text="The UTC day that it is counted on.")
    sent_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=CallState, default=CallState.OPEN)
    billed = models.CharField(max_length=8, choices=Billed, default=Billed.UNKNOWN)
    reserved = models.BigIntegerField()
    actual = models.BigIntegerField(
        null=True, blank=True, help_text="Micro-dollars booked at the end."
    )
    is_estimated = models.BooleanField(
        default=False, help_text="The provider reported no usage: booked at the reserve."
    )
    usage = models.JSONField(default=dict, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    request_id = models.CharField(max_length=120, blank=True)
    remote_id = models.CharField(max_length=120, blank=True)
    poll_at = models.DateTimeField(
        null=True, blank=True, help_text="While held: when the provider is asked again."
    )
    hold_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="While held: when the provider should be done at the latest.",
    )
    encrypted_address = models.TextField(
        blank=True,
        editable=False,
        help_text="Where a picture waits that was made and could not be downloaded.",
    )
    error_code = models.CharField(max_length=30, blank=True)
    looked_up = models.PositiveSmallIntegerField(
        default=0, help_text="How often its file was looked for since it became unknown."
    )

    set_aside = models.CharField(
        max_length=300,
        blank=True,
        help_text="Why its result could not be booked as it came: what was said of it is left out.",
    )

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at"]
        indexes = [
            models.Index(fields=["pool", "-sent_at"], name="call_window"),
            models.Index(
                fields=["pool"],
                name="call_under_way",
                condition=Q(state__in=CallState.UNSETTLED),
            ),
            models.Index(fields=["poll_at"], name="call_held", condition=Q(state=CallState.HELD)),
            models.Index(
                fields=["finished_at"], name="call_unknown", condition=Q(state=CallState.UNKNOWN)
            ),
            models.Index(fields=["-sent_at"], name="call_set_aside", condition=~Q(set_aside="")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "kind"],
                condition=Q(state__in=CallState.UNSETTLED),
                name="one_call_under_way",
            ),
            models.CheckConstraint(
                condition=~Q(state=CallState.HELD)
                | (~Q(remote_id="") & Q(poll_at__isnull=False, hold_until__isnull=False)),
                name="held_call_can_be_collected",
            ),
            models.CheckConstraint(
                condition=Q(state__in=CallState.values), name="call_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_label} {self.place} #{self.attempt}"

    @property
    def picture_key(self) -> str:
        """Where its bytes are, if they came; never reused."""
        return f"originals/{self.job_ref}/{self.pk}"


class Spend(models.Model):
    """What one account, or one person with one account, spent on a day (UTC). Micro-dollars."""

    class Scope(models.TextChoices):
        ACCOUNT = "account"
        PERSON = "person"

    scope = models.CharField(max_length=8, choices=Scope)
    key = models.CharField(max_length=40, help_text="account id, or account id:user id")
    day = models.DateField()
    spent = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "daily spend"
        verbose_name_plural = "daily spend"
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "key", "day"], name="one_spend_a_day"),
            models.CheckConstraint(
                condition=Q(spent__gte=0, reserved__gte=0), name="spend_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key} {self.day}"


def spend_keys(account_id: int, person_id: Any) -> tuple[str, str]:
    """Of the account, and of a person with it: "" for nobody. A site's people may have UUIDs, which
    SQLite keeps without dashes.
    """
    person = person_id.hex if isinstance(person_id, uuid.UUID) else person_id
    return str(account_id), f"{account_id}:{person}" if person_id else ""


class UnstoredImage(models.Model):
    """The outbox: bytes that were paid for and that the storage would not take yet."""

    call = models.OneToOneField(
        ProviderCall, models.PROTECT, primary_key=True, related_name="unstored"
    )
    content = models.BinaryField()
    metadata = models.JSONField(default=dict)
    size = models.PositiveIntegerField()
    created = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["created"]

    def __str__(self) -> str:
        return str(self.call_id)
