"""What the list of pictures reads beside its rows."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from bulk_admin.models import GeneratedImage


def for_bulk_actions(ids: Sequence[str]) -> QuerySet[GeneratedImage]:
    return (
        GeneratedImage.objects.filter(pk__in=ids)
        .select_related("job__account")
        .defer("job__source_text", "content", "moderation")
    )


def read_again(ids: Sequence[int]) -> dict[int, GeneratedImage]:
    """The same rows as they are now, by id."""
    return GeneratedImage.objects.select_related("job").in_bulk(ids)


def error_codes() -> list[str]:
    """Each that some picture has."""
    images = GeneratedImage.objects.exclude(error_code="").order_by("error_code")
    return list(images.values_list("error_code", flat=True).distinct())
