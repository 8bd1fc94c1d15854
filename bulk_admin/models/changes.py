"""One action that can be undone, and what it changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Change(models.Model):
    """Who did what, and its rows with their values before and after.

    ``rows``: ``[{"id": "12", "before": {...}, "after": {...}}]``. A row that had another value by
    the time of the undo stays as it is.
    """

    kind = models.CharField(max_length=40, help_text="Which undo puts it back.")
    scope = models.CharField(
        max_length=64, blank=True, help_text="Where it was done: one undoes the last of one place."
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    created = models.DateTimeField(default=timezone.now)
    rows = models.JSONField(default=list)
    undone = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["person", "scope", "-id"], name="change_last"),
            models.Index(fields=["created"], name="change_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
