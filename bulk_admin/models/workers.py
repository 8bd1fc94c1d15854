"""Worker processes that hold work."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Worker(models.Model):
    """One pump.

    What it owns is leased to it as long as ``beat_at`` is under LEASE seconds old.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField()
    draining = models.BooleanField(default=False)
    in_flight = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "busy worker"  # an idle one has no row
        indexes = [models.Index(fields=["-beat_at"], name="worker_beat")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
