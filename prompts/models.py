"""Prompt pages, their categories, and the site's note on how their texts should read."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from taggit.managers import TaggableManager


class Category(models.Model):
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class PromptQuerySet(models.QuerySet["Prompt"]):
    def published(self) -> PromptQuerySet:
        """Pages that anybody may see."""
        return self.filter(status=Prompt.Status.PUBLISHED, visibility=Prompt.Visibility.PUBLIC)

    def due(self, now: dt.datetime) -> PromptQuerySet:
        """Drafts that are to be published by now."""
        return self.filter(status=Prompt.Status.DRAFT, publish_at__lte=now)

    def exposed(self, now: dt.datetime) -> PromptQuerySet:
        """Pages that nobody is to see, and whose pictures are or may be on the public web."""
        is_public = models.Q(status=Prompt.Status.PUBLISHED, visibility=Prompt.Visibility.PUBLIC)
        is_due = models.Q(status=Prompt.Status.DRAFT, publish_at__isnull=False, publish_at__lte=now)
        is_trash = models.Q(deleted_at__isnull=False)
        return self.filter(is_trash | (~is_public & ~is_due), has_public_copy=True)


AllPages = models.Manager.from_queryset(PromptQuerySet)


class PagesInUse(AllPages["Prompt"]):
    """Without those in the trash: nothing of them is shown, counted, published or found."""

    def get_queryset(self) -> PromptQuerySet:
        return PromptQuerySet(self.model, using=self._db).filter(deleted_at=None)


class Prompt(models.Model):
    """One page: a text prompt with the picture that was made from it."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"

    class Moderation(models.TextChoices):
        NOT_CHECKED = "not_checked", "not checked"
        SKIPPED = "skipped", "skipped: its account asks for no check"
        PASSED = "passed", "passed"
        FLAGGED = "flagged", "flagged"

    class ContentSource(models.TextChoices):
        AI = "ai", "written by a model"
        RULE = "rule", "made from the prompt by rule"
        STAFF = "staff", "written by staff"

    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, unique=True)
    prompt_text = models.TextField()
    description = models.TextField(blank=True)
    alt_text = models.CharField(max_length=125, blank=True)
    tags = TaggableManager(blank=True)
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="prompts"
    )
    image = models.CharField(
        max_length=255,
        blank=True,
        help_text="Key in the public storage, where it is while the page is public.",
    )
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    variants = models.JSONField(
        default=list, blank=True, help_text="Smaller WebP pictures: key, width, height."
    )
    draft_folder = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        default="",
        db_default="",
        help_text="Where the same files are in private storage.",
    )
    # Whoever inserts a row and says nothing of it may have put files there.
    has_public_copy = models.BooleanField(
        default=False,
        db_default=True,
        editable=False,
        help_text="Files are, or may be, in the public storage.",
    )
    files_claim = models.UUIDField(
        null=True, editable=False, help_text="The worker that works on the files."
    )
    files_not_before = models.DateTimeField(
        null=True, editable=False, help_text="Until then no other worker takes them."
    )
    files_tries = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, db_index=True)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    moderation = models.CharField(max_length=12, choices=Moderation, default=Moderation.NOT_CHECKED)
    moderation_detail = models.JSONField(default=dict, blank=True)
    content_source = models.CharField(
        max_length=6, choices=ContentSource, default=ContentSource.STAFF
    )
    ai_generator = models.CharField(
        max_length=80, blank=True, help_text="The image model's name, as readers know it."
    )
    ai_model = models.CharField(max_length=80, blank=True, help_text="The image model's id.")
    is_placeholder = models.BooleanField(
        default=False, help_text="The picture came from the offline placeholder."
    )
    source_ref = models.CharField(
        max_length=60,
        unique=True,
        null=True,
        editable=False,
        help_text="What it was made from; no second page is made from the same source.",
    )
    job_ref = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        db_index=True,
        default="",
        db_default="",
        help_text="The job that made it, which may be deleted since.",
    )
    job_label = models.CharField(
        max_length=120, blank=True, editable=False, default="", db_default=""
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="prompts"
    )
    created = models.DateTimeField(default=timezone.now, db_index=True)
    updated = models.DateTimeField(auto_now=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    edited_at = models.DateTimeField(null=True, editable=False, help_text="By a person.")
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    reviewed_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Approved then; nobody, once somebody else has edited it.",
    )
    deleted_at = models.DateTimeField(
        null=True, editable=False, db_index=True, help_text="In the trash since then."
    )
    trashed_ref = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        default="",
        db_default="",
        help_text="What a page in the trash was made from: a new one may be, meanwhile.",
    )
    published = models.DateTimeField(null=True, blank=True)
    publish_at = models.DateTimeField(
        null=True, editable=False, db_index=True, help_text="The worker publishes it then."
    )
    publish_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    publish_confirmed = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        editable=False,
        help_text="The doubts that whoever pressed Publish has accepted.",
    )
    publish_error = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        default="",
        db_default="",
        help_text="Why it is not published.",
    )

    objects = PagesInUse()
    everything = AllPages()  # with the trash

    class Meta:
        verbose_name = "page"
        permissions = [("publish", "Can publish and unpublish pages")]
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["has_public_copy", "status"], name="page_public_copy"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("prompts:detail", args=[self.slug])

    @property
    def is_public(self) -> bool:
        """Whether anybody may see it."""
        return (
            self.status == self.Status.PUBLISHED
            and self.visibility == self.Visibility.PUBLIC
            and self.deleted_at is None
        )

    @property
    def is_approved(self) -> bool:
        return self.reviewed_at is not None


class DeletedPage(models.Model):
    """Files of a page that was deleted, until they are deleted too."""

    image = models.CharField(max_length=255, db_index=True, help_text="The page's picture.")
    keys = models.JSONField(help_text="Of its files in public storage.")
    draft_folder = models.CharField(max_length=60, blank=True)
    not_before = models.DateTimeField(db_index=True, help_text="Until then no worker takes it.")
    final_at = models.DateTimeField(
        help_text="From then on no worker still writes to them, so they are deleted once more."
    )
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.image


class StyleNote(models.Model):
    """What the site asks of titles, descriptions and tags; one row, edited in admin."""

    text = models.TextField(
        blank=True, help_text="Sent to the model with every picture. Write plain sentences."
    )

    def __str__(self) -> str:
        return "Style note"
