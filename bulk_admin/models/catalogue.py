"""The catalogue of image models: what they can do and what they cost, as data."""

from __future__ import annotations

import datetime as dt

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from .statuses import CallKind


class ImageModel(models.Model):
    """One model of a provider: what it takes and until when.

    Seeded once by a migration, then staff's to edit.
    """

    kind = models.CharField(
        max_length=5,
        choices=CallKind,
        default=CallKind.IMAGE,
        help_text="Text: writes titles and descriptions of pages.",
    )
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=120, help_text="The provider's id, sent with every call.")
    label = models.CharField(max_length=120)
    sizes = models.JSONField(default=list, blank=True, help_text="Sizes on offer, as WIDTHxHEIGHT.")
    size_rule = models.JSONField(
        default=dict,
        blank=True,
        help_text=(
            "multiple, longest, min_pixels, max_pixels, max_ratio: sizes that are possible beyond"
            " those on offer."
        ),
    )
    qualities = models.JSONField(default=list, blank=True)
    output_formats = models.JSONField(default=list, blank=True)
    backgrounds = models.JSONField(default=list, blank=True)
    takes = models.JSONField(
        default=list, blank=True, help_text='Optional settings that it takes, as ["seed"].'
    )
    prompt_limit = models.PositiveIntegerField(
        default=32_000, validators=[MaxValueValidator(1_000_000)], help_text="Characters."
    )
    default_size = models.CharField(max_length=12, blank=True)
    default_quality = models.CharField(max_length=12, blank=True)
    token_rule = models.JSONField(
        default=dict,
        blank=True,
        help_text="How output tokens follow from size and quality. Empty: a flat price per image.",
    )
    released = models.DateField(null=True, blank=True)
    retired_on = models.DateField(
        null=True, blank=True, help_text="It cannot be chosen from this day on."
    )
    successor = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True, help_text="Source, date and confidence of these figures.")
    is_default = models.BooleanField(default=False)
    is_enabled = models.BooleanField(default=True)
    sort_order = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["sort_order", "label"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="one_model_per_name"),
            models.UniqueConstraint(
                fields=["provider", "kind"], condition=Q(is_default=True), name="one_default_model"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def is_retired(self, on: dt.date) -> bool:
        return self.retired_on is not None and self.retired_on <= on

    def retires_soon(self, on: dt.date) -> bool:
        """Whether its last day is within the next 30."""
        return self.retired_on is not None and on < self.retired_on <= on + dt.timedelta(days=30)


class ModelPrice(models.Model):
    """What a model costs from a day on, in micro-dollars; tokens per million, images each."""

    model = models.ForeignKey(ImageModel, models.CASCADE, related_name="prices")
    valid_from = models.DateField()
    text_input = models.BigIntegerField(default=0)
    image_input = models.BigIntegerField(default=0)
    image_output = models.BigIntegerField(default=0)
    text_output = models.BigIntegerField(default=0)
    per_image = models.JSONField(
        default=dict,
        blank=True,
        help_text='Flat prices: {"quality|size": micro-dollars}, "*" for any.',
    )
    source = models.CharField(max_length=300, blank=True)
    confidence = models.CharField(
        max_length=2, blank=True, help_text="A official, B several sources, C one source, D memory."
    )

    class Meta:
        ordering = ["-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["model", "valid_from"], name="one_price_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.valid_from}"
