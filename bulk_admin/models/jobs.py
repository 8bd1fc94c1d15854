"""A bulk generation job."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone

from bulk_admin.addresses import admin_url

from .accounts import ProviderAccount
from .statuses import ACTIVE_JOBS, JOB_MOVES, JobStatus, StatusQuerySet
from .trash import HidingTrash


class JobQuerySet(StatusQuerySet["BulkGenerationJob"]):
    moves: ClassVar = {"status": JOB_MOVES}

    def with_waiting_work(self) -> JobQuerySet:
        """Those that a worker has something to do for: ``work_waits`` of a row."""
        return self.filter(Q(status__in=ACTIVE_JOBS, queued__gt=0) | Q(pages_open__gt=0))


class BulkGenerationJob(models.Model):
    """Prompts that become pictures that become pages.

    Counters, status and revision change only under this row's lock, in the transaction of the image
    row that causes them (services.ledger and services.jobs). Money is micro-dollars.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="bulk_jobs"
    )
    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.DRAFT)
    status_reason = models.CharField(max_length=20, blank=True)
    status_detail = models.CharField(
        max_length=500, blank=True, help_text="What came back that it is paused for."
    )
    account = models.ForeignKey(
        ProviderAccount, models.PROTECT, related_name="jobs", db_index=False
    )
    provider = models.CharField(max_length=40)
    model_name = models.CharField("model", max_length=120)
    quality = models.CharField(max_length=12, blank=True)
    size = models.CharField(max_length=12)
    output_format = models.CharField(max_length=8, blank=True)
    background = models.CharField(max_length=12, blank=True)
    seed = models.PositiveIntegerField(null=True, blank=True)
    images_per_prompt = models.PositiveSmallIntegerField(default=1)
    character_description = models.CharField(max_length=500, blank=True)
    prompt_prefix = models.CharField(max_length=500, blank=True)
    prompt_suffix = models.CharField(max_length=500, blank=True)
    source_text = models.TextField(
        blank=True, help_text="The pasted text, for going back to the form."
    )
    page_options = models.JSONField(
        default=dict,
        blank=True,
        encoder=DjangoJSONEncoder,
        help_text="What was chosen for its pages, by the names of the page adapter's options.",
    )
    page_for_every_kept = models.BooleanField(default=False)
    create_pages_when_done = models.BooleanField(default=False)
    budget_cap = models.BigIntegerField(null=True, blank=True)
    estimate = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    text_reserved = models.BigIntegerField(default=0)
    text_spent = models.BigIntegerField(default=0)
    total_prompts = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    queued = models.PositiveIntegerField(default=0)
    completed_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    unknown_count = models.PositiveIntegerField(default=0)
    cancelled_count = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Pasted rows that were left out.")
    pages_open = models.PositiveIntegerField(default=0)
    pages_created = models.PositiveIntegerField(default=0)
    pages_blocked = models.PositiveIntegerField(default=0)
    pages_failed = models.PositiveIntegerField(default=0)
    billed_without_use = models.PositiveIntegerField(
        default=0, editable=False, help_text="Billed outcomes in a row without a usable picture."
    )
    failed_in_a_row = models.PositiveIntegerField(default=0, editable=False)
    outcomes = models.PositiveIntegerField(
        default=0, editable=False, help_text="Pictures that were made or failed since Resume."
    )
    outcomes_failed = models.PositiveIntegerField(default=0, editable=False)
    served = models.DateTimeField(null=True, editable=False)
    revision = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it went to the trash."
    )
    created = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True, editable=False, help_text="What staff wrote about it.")
    notified_at = models.DateTimeField(
        null=True, editable=False, help_text="When its one mail to its maker was claimed."
    )
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    objects = HidingTrash.from_queryset(JobQuerySet)()
    everything = JobQuerySet.as_manager()

    class Meta:
        verbose_name = "job"
        ordering = ["-created"]
        permissions = [
            ("generate", "Can generate pictures (spends money)"),
            ("create_pages", "Can create pages from pictures"),
        ]
        indexes = [
            # Not partial: SQLite does not use a partial index with bound IN parameters.
            models.Index(fields=["account", "status", "served"], name="job_turn"),
            models.Index(fields=["created_by", "-created"], name="job_person"),
            models.Index(fields=["-created"], name="job_newest"),
            models.Index(fields=["pages_open"], name="job_pages", condition=Q(pages_open__gt=0)),
            models.Index(
                fields=["deleted_at"], name="job_trash", condition=Q(deleted_at__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved__gte=0, spent__gte=0, text_reserved__gte=0, text_spent__gte=0),
                name="job_money_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(status__in=JobStatus.values), name="job_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return admin_url("bulk_admin_bulkgenerationjob_change", self.pk)

    @property
    def generating(self) -> int:
        """Pictures in flight."""
        return (
            self.total
            - self.queued
            - self.completed_count
            - self.failed_count
            - self.unknown_count
            - self.cancelled_count
        )

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_JOBS

    @property
    def work_waits(self) -> bool:
        """Whether a worker has something to do for it: ``with_waiting_work`` of a query."""
        return (self.is_active and self.queued > 0) or self.pages_open > 0
