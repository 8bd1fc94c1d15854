"""Names and descriptions for search engines. Pure: no database, no storage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from slugify import slugify

FILE_WORDS_LIMIT = 60
SLUG_LIMIT = 80
META_TITLE_LIMIT = 70
META_DESCRIPTION_LIMIT = 160
LEAST_WORDS = 3
_STOP_WORDS = """
a about above after against all an and are as at be been before being below between both but by
can did do does doing down during each few for from further
had has have having he her here hers him his how i if in into is it its itself just me more most
my no nor not now of off on once only or other our out over
own same she so some such than that the their them then there these they this those through to too
under until up very was we were what when where which
while who whom why will with you your
"""
# Addresses that the site has, or may have, a page of its own for.
_RESERVED = """
about accounts add admin ai api category categories collections contact create delete draft edit
feed healthz help home inspiration leaderboard legal login
logout media new none null page pages privacy prompt prompts robots search sitemap static tag tags
terms trash undefined upload user users
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
RESERVED = frozenset(_RESERVED.split())


def cut_at_word(text: str, limit: int) -> str:
    """``text`` with at most ``limit`` characters, whole words where it has any."""
    text = text.strip()
    if len(text) <= limit:
        return text
    head = text[:limit]
    if not text[limit].isspace():
        words = head.rsplit(None, 1)
        # One long word, or a script without spaces, is cut where it must be.
        head = words[0] if len(words) == 2 and len(words[0]) * 2 >= limit else head
    return head.rstrip(" ,;:-–—\t\n\u200d")


def words_of(text: str, limit: int) -> str:
    """Lower-case ASCII words joined by hyphens, stop words out unless fewer than three would be
    left; cut at a word.
    """
    words = slugify(text[:1000]).split("-")
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
