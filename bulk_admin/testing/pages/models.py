from __future__ import annotations

import uuid

from django.db import models


class Page(models.Model):
    """Its fields are what tests ask about a page. Its key is no number, as on many sites."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source_ref = models.CharField(max_length=64, unique=True)
    prompt = models.TextField()
    title = models.CharField(max_length=200)
    written_by = models.CharField(max_length=10)
    moderation = models.CharField(max_length=20)
    is_placeholder = models.BooleanField(default=False)
    shelf = models.CharField(max_length=20)
    picture = models.CharField(max_length=200)
    status = models.CharField(max_length=10, default="draft")

    def __str__(self) -> str:
        return self.title
