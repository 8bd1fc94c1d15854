"""What the generator remembers for a person."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class PersonSettings(models.Model):
    """One row per person; ``values`` by name, read through services.person_settings."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    values = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "settings of a person"

    def __str__(self) -> str:
        return f"Settings of {self.person_id}"
