"""What the list of pictures reads beside its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from bulk_admin.models import GeneratedImage
from bulk_admin.services import page_adapter
from bulk_admin.services.page_adapter import GONE, PageInfo


def for_bulk_actions(ids: Sequence[str]) -> QuerySet[GeneratedImage]:
    return _for_lines(GeneratedImage.objects.filter(pk__in=ids))


def in_trash(ids: Sequence[str]) -> QuerySet[GeneratedImage]:
    return _for_lines(GeneratedImage.everything.filter(pk__in=ids, deleted_at__isnull=False))


def _for_lines(images: QuerySet[GeneratedImage]) -> QuerySet[GeneratedImage]:
    return images.select_related("job__account").defer("job__source_text", "content", "moderation")


def with_pages(images: Iterable[GeneratedImage]) -> list[GeneratedImage]:
    """With what ``page_of`` says of each, asked for all at once."""
    rows = list(images)
    pages = page_adapter.describe(image.page_id for image in rows if image.page_id)
    for image in rows:
        image.page_info = pages.get(image.page_id or "", GONE)  # type: ignore[attr-defined]  # of this list
    return rows


def page_of(image: GeneratedImage) -> PageInfo:
    """Of a picture that has a page; GONE when the site knows it no more."""
    (known,) = [image] if hasattr(image, "page_info") else with_pages([image])
    page: PageInfo = known.page_info
    return page


def read_again(ids: Sequence[int]) -> dict[int, GeneratedImage]:
    """The same rows as they are now, by id."""
    return GeneratedImage.objects.select_related("job").in_bulk(ids)


def error_codes() -> list[str]:
    """Each that some picture has."""
    images = GeneratedImage.objects.exclude(error_code="").order_by("error_code")
    return list(images.values_list("error_code", flat=True).distinct())
