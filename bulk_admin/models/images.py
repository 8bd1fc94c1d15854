"""One picture of a job: a row on the review sheet, then a tile."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from bulk_admin.addresses import admin_url
from bulk_admin.conf import page_adapter

from .jobs import BulkGenerationJob
from .statuses import (
    IMAGE_MOVES,
    MADE_PAGES,
    OPEN_PAGES,
    PAGE_MOVES,
    ImageStatus,
    PageStatus,
    StatusQuerySet,
)
from .trash import HidingTrash
from .workers import Worker


class ImageQuerySet(StatusQuerySet["GeneratedImage"]):
    moves: ClassVar = {"status": IMAGE_MOVES, "page_status": PAGE_MOVES}


class GeneratedImage(models.Model):
    """Changed only under its job's lock."""

    job = models.ForeignKey(
        BulkGenerationJob, models.CASCADE, related_name="images", db_index=False
    )
    position = models.PositiveIntegerField(
        help_text="The prompt's position in the pasted text, from 1."
    )
    variant = models.PositiveSmallIntegerField(default=1)
    prompt_text = models.TextField()
    size = models.CharField(max_length=12, blank=True, help_text="Empty: the job's.")
    quality = models.CharField(max_length=12, blank=True, help_text="Empty: the job's.")
    count = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Pictures of this prompt; empty: the job's."
    )
    included = models.BooleanField(default=True)
    flags = models.JSONField(
        default=list, blank=True, help_text="What the review sheet found: code, text, link."
    )
    status = models.CharField(max_length=10, choices=ImageStatus, default=ImageStatus.DRAFT)
    revision = models.BigIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(
        default=0, help_text="Calls opened so far; a stale button or answer carries an older one."
    )
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Retryable refusals since the last press."
    )
    owner = models.ForeignKey(
        Worker, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    not_before = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Who last asked for the picture: it counts against their cap.",
    )
    selected = models.BooleanField(default=True)
    decided_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a person last kept or dropped it."
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children", db_index=False
    )
    picture_key = models.CharField(max_length=200, blank=True)
    thumb_300 = models.CharField(max_length=200, blank=True)
    thumb_600 = models.CharField(max_length=200, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    bytes = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    content_type = models.CharField(max_length=40, blank=True)
    revised_prompt = models.TextField(blank=True)
    error_code = models.CharField(max_length=30, blank=True)
    download_host = models.CharField(
        max_length=253,
        blank=True,
        editable=False,
        help_text="The server where the picture waits that could not be downloaded.",
    )
    error_message = models.CharField(max_length=500, blank=True)
    cost = models.BigIntegerField(default=0, help_text="Micro-dollars booked for it, all attempts.")
    seconds = models.FloatField(default=0, help_text="How long its last call took.")
    page_status = models.CharField(max_length=10, choices=PageStatus, default=PageStatus.NONE)
    page_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Who last asked for its page: the text counts against their cap.",
    )
    page_owner = models.ForeignKey(
        Worker, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    page_attempt = models.PositiveSmallIntegerField(
        default=0, help_text="Failed attempts at the current step."
    )
    page_not_before = models.DateTimeField(null=True, blank=True)
    page_error_code = models.CharField(max_length=30, blank=True)
    page_error = models.CharField(max_length=500, blank=True)
    moderation = models.JSONField(default=dict, blank=True, help_text="The saved verdict.")
    content = models.JSONField(
        default=dict, blank=True, help_text="The saved title, description, tags and alt text."
    )
    page_id = models.CharField(
        max_length=64,
        unique=True,
        null=True,
        blank=True,
        help_text="The key of its page in the site's own model, as text.",
    )

    deleted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it went to the trash."
    )

    objects = HidingTrash.from_queryset(ImageQuerySet)()
    everything = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = "picture"
        ordering = ["job", "position", "variant"]
        indexes = [
            models.Index(
                fields=["job", "position", "variant"],
                name="image_queue",
                condition=Q(status=ImageStatus.QUEUED),
            ),
            models.Index(fields=["job", "revision", "id"], name="image_delta"),
            models.Index(
                fields=["owner"], name="image_owner", condition=Q(status=ImageStatus.GENERATING)
            ),
            # Deleting a picture asks for its children: without this, each asks the whole table.
            models.Index(
                fields=["parent"], name="image_children", condition=Q(parent__isnull=False)
            ),
            models.Index(
                fields=["deleted_at"], name="image_trash", condition=Q(deleted_at__isnull=False)
            ),
            models.Index(
                fields=["job", "position"],
                name="image_pages",
                condition=Q(page_status__in=[*OPEN_PAGES]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "position", "variant"], name="one_image_per_place"
            ),
            models.CheckConstraint(
                condition=Q(status__in=ImageStatus.values), name="image_status_known"
            ),
            models.CheckConstraint(
                condition=Q(page_status__in=PageStatus.values), name="image_page_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=ImageStatus.COMPLETED) | ~Q(picture_key=""),
                name="completed_has_picture",
            ),
            models.CheckConstraint(
                condition=~Q(page_status__in=[*MADE_PAGES]) | Q(page_id__isnull=False),
                name="created_has_page",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}.{self.variant} {self.prompt_text[:60]}"

    @property
    def prompt_page(self) -> models.Model | None:
        """The site's page, or None: it has none, or the site deleted it behind our back. A query
        each time; ``page_adapter.describe`` asks once for many.
        """
        if self.page_id is None:
            return None
        pages = page_adapter().page_model._base_manager
        return pages.filter(pk=self.page_id).first()

    def file_url(self, kind: str) -> str:
        """Address, for staff only, of its ``original`` or of the ``300`` or ``600`` thumbnail.

        It names the bytes, so that a browser may keep what it got there.
        """
        address = admin_url("bulk_admin_generatedimage_file", self.pk, kind)
        return f"{address}?v={self.picture_version}" if self.picture_key else address

    @property
    def file_urls(self) -> dict[str, str]:
        """What templates link to: its two thumbnails and its download."""
        return {
            "small": self.file_url("300"),
            "large": self.file_url("600"),
            "download": self.file_url("download"),
        }

    @property
    def picture_version(self) -> str:
        """Of the picture's bytes: an id can name another picture in a database that was rebuilt."""
        return self.picture_key[-8:]

    @property
    def image_url(self) -> str:
        """Address of the picture, or "" while there is none."""
        return self.file_url("original") if self.picture_key else ""
