"""Every read that a public page makes, and what the front page of staff says of drafts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from taggit.models import Tag

from bulk_admin.wording import one_line
from prompts.models import Category, Prompt

QUERY_LIMIT, WORDS_LIMIT = 100, 8
RELATED = 8
NOT_ON_CARDS = ("prompt_text", "description", "moderation_detail")


def search_text(raw: str) -> str:
    """What a visitor typed, fit for a database and a page."""
    return one_line(raw)[:QUERY_LIMIT].strip()


def published_pages(
    text: str = "", tag: Tag | None = None, category: Category | None = None
) -> QuerySet[Prompt]:
    """Newest first; every word of ``text`` is somewhere on the page."""
    pages: QuerySet[Prompt] = (
        Prompt.objects.published().order_by("-published", "-pk").defer(*NOT_ON_CARDS)
    )
    if tag is not None:
        pages = pages.filter(tags=tag)
    if category is not None:
        pages = pages.filter(category=category)
    for word in text.split()[:WORDS_LIMIT]:
        tagged = Prompt.objects.filter(tags__name__icontains=word).values("pk")
        pages = pages.filter(
            Q(title__icontains=word)
            | Q(prompt_text__icontains=word)
            | Q(description__icontains=word)
            | Q(pk__in=tagged)
        )
    return pages


def public_categories() -> QuerySet[Category]:
    """Those that lead somewhere."""
    return Category.objects.filter(
        Exists(Prompt.objects.published().filter(category=OuterRef("pk")))
    )


def public_tags() -> QuerySet[Tag]:
    """A draft's tag must not reveal the draft.

    A tag of signs alone, such as "!", has no slug and so no page.
    """
    pages = Prompt.objects.published().filter(tags=OuterRef("pk"))
    tags: QuerySet[Tag] = Tag.objects.filter(Exists(pages)).exclude(slug="").order_by("name")
    return tags


def related_pages(page: Prompt, tags: list[Tag]) -> list[Prompt]:
    """Published pages that share the most tags, or the category where it has no tags."""
    others = Prompt.objects.published().exclude(pk=page.pk).defer(*NOT_ON_CARDS)
    if tags:
        return list(
            others.filter(tags__in=tags)
            .annotate(shared=Count("pk"))
            .order_by("-shared", "-published")[:RELATED]
        )
    return (
        list(others.filter(category=page.category_id).order_by("-published")[:RELATED])
        if page.category_id
        else []
    )


@dataclass(frozen=True, slots=True)
class Drafts:
    """Pages that wait to be reviewed: how many, since when, and the newest of them."""

    count: int
    oldest: dt.datetime | None
    newest: Sequence[Prompt]


def drafts_to_review(most: int) -> Drafts:
    """With ``most`` of the newest; those that are approved, or about to be published, are left
    out.
    """
    drafts = Prompt.objects.filter(status=Prompt.Status.DRAFT, publish_at=None, reviewed_at=None)
    found = drafts.aggregate(count=Count("pk"), oldest=Min("created"))
    newest = drafts.exclude(image="").order_by("-created", "-pk").defer(*NOT_ON_CARDS)
    return Drafts(found["count"], found["oldest"], list(newest[:most]))
