"""Tags of a new page in three queries; taggit's own ``add`` asks some times for each tag."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.text import slugify
from taggit.models import Tag, TaggedItem

from prompts.models import Prompt


def tag_page(page: Prompt, names: Iterable[str]) -> None:
    """Give a page that has none its tags, in their order.

    Names are clean (``wording.clean_tags``); missing tags are made.
    """
    slugs = {name: tag_slug(name) for name in dict.fromkeys(names)}
    if not slugs:
        return
    tags = _existing(slugs)
    if missing := {name: slug for name, slug in slugs.items() if name not in tags}:
        # In one order everywhere, so that two transactions do not wait for each other's new tags.
        Tag.objects.bulk_create(
            [Tag(name=name, slug=slug) for name, slug in sorted(missing.items())],
            ignore_conflicts=True,
        )
        tags |= _existing(missing)
    kind = ContentType.objects.get_for_model(Prompt)
    TaggedItem.objects.bulk_create(
        [
            TaggedItem(tag=tag, content_type=kind, object_id=page.pk)
            for tag in dict.fromkeys(tags[name] for name in slugs)
        ]
    )


def most_used(tags: Sequence[Tag]) -> Tag:
    """The one on most pages; of several the first by name."""
    counts = dict(
        TaggedItem.objects.filter(tag__in=tags)
        .values("tag")
        .annotate(n=Count("pk"))
        .values_list("tag", "n")
    )
    return min(tags, key=lambda tag: (-counts.get(tag.pk, 0), tag.name))


@transaction.atomic
def merge(tags: Sequence[Tag], *, into: Tag) -> None:
    """Give what has one of these tags the other one, once, and delete them."""
    list(Tag.objects.select_for_update().filter(pk__in=[into.pk, *(tag.pk for tag in tags)]))
    for tag in tags:
        items = TaggedItem.objects.filter(tag=tag)
        has_it = TaggedItem.objects.filter(
            tag=into, content_type=OuterRef("content_type"), object_id=OuterRef("object_id")
        )
        items.exclude(Exists(has_it)).update(tag=into)
        tag.delete()  # and with it the items of what had both


def _existing(slugs: dict[str, str]) -> dict[str, Tag]:
    found = list(Tag.objects.filter(Q(name__in=slugs) | Q(slug__in=slugs.values())))
    by_name, by_slug = {tag.name: tag for tag in found}, {tag.slug: tag for tag in found}
    return {
        name: by_name.get(name) or by_slug[slug]
        for name, slug in slugs.items()
        if name in by_name or slug in by_slug
    }


def tag_slug(name: str) -> str:
    """Its own for every name: "c++" and "c" are two tags, "soft-light" is the tag that was
    written "Soft light".
    """
    slug = slugify(name, allow_unicode=True)
    return (
        slug
        if slug == name
        else f"{slug[:80] or 'tag'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    )
