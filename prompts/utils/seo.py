"""Names and texts for search engines. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slugify import slugify

STOP_WORDS = frozenset(["a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it", "its", "of", "on", "or", "over", "that", "the", "their", "this", "to", "under", "with"])
RESERVED = frozenset(
    {"admin", "api", "upload", "collections", "trash", "media", "static", "prompt", "prompts", "tag", "search", "sitemap", "robots", "healthz"}
)
WORDS_LIMIT = 60
SLUG_LIMIT = 80
KEEP_AT_LEAST = 3


def words_of(text: str, limit: int) -> str:
    """Lower-case ASCII words joined by hyphens, stop words out unless fewer than three would be left; cut at a word."""
    every = slugify(text[:1000]).split("-")
    telling = [word for word in every if word not in STOP_WORDS]
    words = telling if len(telling) >= KEEP_AT_LEAST else every
    return slugify(" ".join(words), max_length=limit, word_boundary=True, save_order=True)


def file_words(title: str, ref: str) -> str:
    """The base of a file name. The reference comes after the cut, so that two titles that begin alike never share a name."""
    words = words_of(title, WORDS_LIMIT)
    return "-".join(part for part in (words, slugify(ref), "ai-prompt") if part)


def unique_slug(title: str, is_taken: Callable[[str], bool]) -> str:
    """A slug that nobody has; a number is added to one that is taken or reserved."""
    base = words_of(title, SLUG_LIMIT) or "prompt"
    slug, n = base, 1
    while slug in RESERVED or is_taken(slug):
        n += 1
        slug = f"{base}-{n}"
    return slug


def cut_at_word(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut before a word if there is one to cut before."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    head, _, _ = text[: limit + 1].rpartition(" ")
    return (head or text[:limit]).rstrip(" ,;:-")


def image_json_ld(
    *, name: str, description: str, page_url: str, image_url: str, width: int, height: int, thumbnail_url: str = "", published: str = ""
) -> dict[str, Any]:
    """schema.org ImageObject; what is not known is left out."""
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ImageObject",
        "name": name,
        "description": description,
        "url": page_url,
        "contentUrl": image_url,
        "thumbnailUrl": thumbnail_url,
        "width": width,
        "height": height,
        "datePublished": published,
    }
    return {key: value for key, value in data.items() if value}
