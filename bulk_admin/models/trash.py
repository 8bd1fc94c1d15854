"""Rows that can be in the trash: hidden from everything that does not ask for them."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class HidingTrash(models.Manager[Row]):
    """The default manager of such a model: what is in the trash is not bought, counted, shown,
    exported or made a page of. ``everything`` shows it too.
    """

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().filter(deleted_at=None)
