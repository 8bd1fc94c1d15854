"""Names and descriptions for search engines. Pure: no database, no storage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from slugify import slugify

from bulk_admin.wording import STOP_WORDS, cut_at_word

FILE_WORDS_LIMIT = 60
SLUG_LIMIT = 80
META_TITLE_LIMIT = 70
META_DESCRIPTION_LIMIT = 160
LEAST_WORDS = 3
APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ＇`´"))  # I'm is im, not i-m
# Addresses that the site has, or may have, a page of its own for.
_RESERVED = """
about accounts add admin ai api category categories collections contact create delete draft edit
feed healthz help home inspiration leaderboard legal login
logout media new none null page pages privacy prompt prompts robots search sitemap static tag tags
terms trash undefined upload user users
"""
RESERVED = frozenset(_RESERVED.split())


def words_of(text: str, limit: int) -> str:
    """Lower-case ASCII words joined by hyphens, stop words out unless fewer than three would be
    left; cut at a word.
    """
    words = slugify(text[:1000].translate(APOSTROPHES)).split("-")
    telling = [word for word in words if word not in STOP_WORDS]
    chosen = " ".join(telling if len(telling) >= LEAST_WORDS else words)
    return cut_at_word(chosen, limit).replace(" ", "-")


def file_words(title: str, ref: str) -> str:
    """Base name of a page's files: ``<words>-<ref>-ai-prompt``. ``ref`` is never cut, so no two
    pages share a file.
    """
    return f"{words_of(title, FILE_WORDS_LIMIT) or 'picture'}-{slugify(ref)}-ai-prompt"


def slug_base(title: str) -> str:
    """What every slug of that title begins with; ``unique_slug`` adds a number when it must."""
    slug = words_of(title, SLUG_LIMIT) or "untitled"
    return f"{slug}-prompt" if slug in RESERVED else slug


def unique_slug(title: str, is_taken: Callable[[str], bool]) -> str:
    """The first free slug of a title.

    Only the database knows for sure: insert, and ask again when it refuses.
    """
    base = slug_base(title)
    slug, number = base, 1
    while is_taken(slug):
        number += 1
        slug = f"{base}-{number}"
    return slug


def meta_title(title: str, generator: str = "") -> str:
    ending = f" - {generator} AI Prompt" if generator else " - AI Prompt"
    return (
        f"{cut_at_word(title, META_TITLE_LIMIT - len(ending))}{ending}"
        if len(ending) < META_TITLE_LIMIT // 2
        else cut_at_word(title, META_TITLE_LIMIT)
    )


def meta_description(description: str) -> str:
    text = " ".join(description.split())
    return (
        text
        if len(text) <= META_DESCRIPTION_LIMIT
        else f"{cut_at_word(text, META_DESCRIPTION_LIMIT - 1)}…"
    )


def image_json_ld(
    *,
    name: str,
    description: str,
    caption: str,
    page_url: str,
    image_url: str,
    width: int,
    height: int,
    thumbnail_url: str = "",
    keywords: Iterable[str] = (),
    published: dt.datetime | None = None,
    credit: str = "",
) -> dict[str, Any]:
    """A schema.org ImageObject; facts that are not known are left out.

    The caller escapes it for HTML.
    """
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ImageObject",
        "name": name,
        "description": meta_description(description),
        "caption": caption,
        "url": page_url,
        "contentUrl": image_url,
        "thumbnailUrl": thumbnail_url,
        "width": width,
        "height": height,
        "keywords": ", ".join(keywords),
        "datePublished": published.isoformat() if published else "",
        "creditText": credit,
    }
    return {key: value for key, value in facts.items() if value}
