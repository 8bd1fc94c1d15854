"""A page's texts as people see and edit them: each field as one text. Pure, but for its tags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from django.db.models import QuerySet

from prompts.models import Prompt

# What the desk may change, one at a time, and what it is called in a sentence.
FIELDS = {
    "title": "title",
    "slug": "address",
    "prompt_text": "prompt",
    "description": "description",
    "alt_text": "alt text",
    "tags": "tags",
    "category": "category",
}


def with_tags(pages: QuerySet[Prompt]) -> QuerySet[Prompt]:
    return pages.select_related("category", "edited_by").prefetch_related("tags")  # type: ignore[misc]  # taggit's


def tags_of(page: Prompt) -> list[str]:
    return sorted(tag.name for tag in page.tags.all())


def text_of(page: Prompt, field: str) -> str:
    """As a form sends it: tags separated by commas, a category by its key."""
    if field == "tags":
        return ", ".join(tags_of(page))
    if field == "category":
        return str(page.category_id or "")
    return str(getattr(page, field))


def is_same(field: str, one: str, other: str) -> bool:
    """Whether two texts of a field mean the same, however a browser ends their lines."""
    if field == "tags":
        return _names(one) == _names(other)
    return _plain(one) == _plain(other)


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def seen(page: Prompt, fields: Iterable[str] = FIELDS) -> str:
    """A mark of what the page shows: it changes with every field."""
    shown = [page.image, *(text_of(page, field) for field in fields)]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]
