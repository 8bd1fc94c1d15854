"""Prompt pages, their categories, and the site's note on how their texts should read."""

from __future__ import annotations

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
        SKIPPED = "skipped", "skipped: the provider filters itself"
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
    image = models.CharField(max_length=255, blank=True, help_text="Key in the public storage.")
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    variants = models.JSONField(
        default=list, blank=True, help_text="Smaller WebP pictures: key, width, height."
    )
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
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="prompts"
    )
    created = models.DateTimeField(default=timezone.now, db_index=True)
    updated = models.DateTimeField(auto_now=True)
    published = models.DateTimeField(null=True, blank=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        verbose_name = "page"
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("prompts:detail", args=[self.slug])


class StyleNote(models.Model):
    """What the site asks of titles, descriptions and tags; one row, edited in admin."""

    text = models.TextField(
        blank=True, help_text="Sent to the model with every picture. Write plain sentences."
    )

    def __str__(self) -> str:
        return "Style note"
