"""The one page factory: files first, then everything about the page or nothing; and what speaks
against publishing it.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from PIL import Image

from bulk_admin.adapter import (
    Content,
    PageNotCreated,
    Verdict,
    for_everybody,
    pictures,
    private,
)
from bulk_admin.wording import clean_tags, cut_at_word, find_leftovers
from prompts.models import Prompt
from prompts.services.page_files import PUBLIC_FOLDER, name_of, new_folder
from prompts.services.tagging import tag_page
from prompts.utils.seo import slug_base, unique_slug

logger = logging.getLogger(__name__)
SIDES = (300, 600, 800, 1200)
HASH_LENGTH = 8
NUMBERED_TRIES, SLUG_TRIES = 3, 6


@dataclass(frozen=True, slots=True)
class Variant:
    key: str
    width: int
    height: int
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageFiles:
    """A page's picture without its metadata, and smaller WebP ones with their true sizes.

    Keys are those of the public storage, where copies will be; ``folder`` is private. ``stored``:
    the keys of what is safe there.
    """

    key: str
    content_type: str
    width: int
    height: int
    content: bytes = field(repr=False)
    variants: list[Variant] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    folder: str = field(default_factory=new_folder)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPage:
    """What a page is made from. ``source_ref`` makes a second call return the first call's page."""

    source_ref: str
    prompt_text: str
    content: Content
    files: PageFiles
    verdict: Verdict
    category_id: int | None = None
    extra_tags: list[str] = field(default_factory=list)
    visibility: str = Prompt.Visibility.PUBLIC
    ai_generator: str = ""
    ai_model: str = ""
    is_placeholder: bool = False
    created_by_id: int | None = None
    job_ref: str = ""
    job_label: str = ""


def prepare_files(original: bytes, base_name: str) -> PageFiles:
    """The files of a page; runs in threads.

    Type and extension are those of the bytes; a hash of the bytes stands before it, so that caches
    never show old bytes under a name. Raises Unreadable.
    """
    with pictures.PILLOW:
        opened = pictures.opened(original, max(SIDES))
        variants = [
            _variant(opened.picture, base_name, side) for side in sorted(SIDES, reverse=True)
        ]
    content = for_everybody(original)
    return PageFiles(
        _key(base_name, content, pictures.EXTENSIONS[opened.format]),
        opened.content_type,
        opened.width,
        opened.height,
        content,
        variants[::-1],
    )


def _variant(picture: Image.Image, base_name: str, side: int) -> Variant:
    content = pictures.webp(picture, side)  # which scales the picture itself
    return Variant(_key(f"{base_name}-{side}", content, "webp"), *picture.size, content)


def _key(base_name: str, content: bytes, extension: str) -> str:
    digest = hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
    return f"{PUBLIC_FOLDER}{base_name}-{digest}.{extension}"


def store_files(files: PageFiles) -> None:
    """Put a page's files into private storage: the page is a draft. Runs in threads.

    Raises StorageUnavailable; a second call is harmless.
    """
    for variant in files.variants:
        private.put(files.folder + name_of(variant.key), variant.content, "image/webp")
        files.stored.add(variant.key)
    private.put(files.folder + name_of(files.key), files.content, files.content_type)
    files.stored.add(files.key)


def create_page(new: NewPage) -> Prompt:
    """A draft page, in the caller's transaction; a second call for the same source returns the
    first one's page.

    Raises PageNotCreated when it would not be whole. Whatever is raised, the caller's transaction
    must be rolled back.
    """
    _check_whole(new)
    with transaction.atomic(savepoint=False):
        for attempt in range(SLUG_TRIES):
            existing, taken = _look(new)
            if existing is not None:
                return Prompt.objects.get(pk=existing)
            if page := _insert(new, _slug(new.content.title, taken, attempt)):
                tag_page(page, [*clean_tags(new.content.tags), *clean_tags(new.extra_tags)])
                _tell(page, new.source_ref)
                return page
        raise PageNotCreated("No free address was found for the page.")


def rewrite_page(page: Prompt, content: Content) -> None:
    """Another text for a locked page, whose address stays. Raises PageNotCreated, and then nothing
    is changed.
    """
    texts = _texts(content)
    if empty := [name for name in ("title", "description", "alt_text") if not texts[name].strip()]:
        raise PageNotCreated(f"The page would have no {', '.join(empty)}.")
    Prompt.objects.filter(pk=page.pk).update(**texts, updated=timezone.now())
    page.tags.clear()
    tag_page(page, clean_tags(content.tags))


def _texts(content: Content) -> dict[str, Any]:
    return {
        "title": cut_at_word(content.title, 200),
        "description": content.description,
        "alt_text": cut_at_word(content.alt_text, 125),
        "content_source": content.source,
    }


def _tell(page: Prompt, source: str) -> None:
    """One line, once it is committed."""
    transaction.on_commit(
        lambda: logger.info("page created", extra={"page": page.pk, "source": source})
    )


def _look(new: NewPage) -> tuple[int | None, set[str]]:
    """In one query: the page of the same source, and the slugs that are taken."""
    base = slug_base(new.content.title)
    rows = Prompt.everything.filter(  # the slugs of what is in the trash are taken
        Q(source_ref=new.source_ref) | Q(slug=base) | Q(slug__startswith=f"{base}-")
    ).values_list("pk", "source_ref", "slug")
    found = list(rows.order_by())
    return next((pk for pk, source_ref, _ in found if source_ref == new.source_ref), None), {
        slug for _, _, slug in found
    }


def _slug(title: str, taken: set[str], attempt: int) -> str:
    """In a crowd the next number is everybody's: after a few tries leave the queue."""
    return (
        unique_slug(title, taken.__contains__)
        if attempt < NUMBERED_TRIES
        else f"{slug_base(title)}-{secrets.token_hex(3)}"
    )


def _insert(new: NewPage, slug: str) -> Prompt | None:
    """The page, or None when someone else got the slug, or the source's page, first: look again.

    A conflict is ignored rather than raised, so it needs no savepoint; it leaves no row with our
    ``source_ref`` and our time.
    """
    page = Prompt(slug=slug, **_fields(new))
    Prompt.objects.bulk_create([page], ignore_conflicts=True)
    return Prompt.objects.filter(source_ref=new.source_ref, created=page.created).first()


def _check_whole(new: NewPage) -> None:
    """What a page promises to its readers. Raises PageNotCreated."""
    if new.verdict.status == "flagged":
        raise PageNotCreated("Moderation stopped this picture.")
    texts = {
        "source": new.source_ref,
        "prompt": new.prompt_text,
        "title": new.content.title,
        "description": new.content.description,
    }
    texts |= {"alt text": new.content.alt_text, "picture's name": new.files.key}
    if empty := [name for name, text in texts.items() if not text.strip()]:
        raise PageNotCreated(f"The page would have no {', '.join(empty)}.")
    known = [
        (new.verdict.status, Prompt.Moderation.values),
        (new.visibility, Prompt.Visibility.values),
        (new.content.source, ["ai", "rule"]),
    ]
    if odd := [value for value, values in known if value not in values]:
        raise PageNotCreated(f"Not known: {', '.join(odd)}.")
    _check_files(new.files)


def _check_files(files: PageFiles) -> None:
    keys = {files.key, *(variant.key for variant in files.variants)}
    if len(files.variants) != len(SIDES):
        raise PageNotCreated(
            f"The page needs {len(SIDES)} smaller pictures, and has {len(files.variants)}."
        )
    if missing := sorted(keys - files.stored):
        raise PageNotCreated(f"Not in the storage: {', '.join(missing)}.")
    if not all(
        width and height
        for width, height in [
            (files.width, files.height),
            *((variant.width, variant.height) for variant in files.variants),
        ]
    ):
        raise PageNotCreated("A picture has no size.")


def _fields(new: NewPage) -> dict[str, Any]:
    return {
        "source_ref": new.source_ref,
        **_texts(new.content),
        "prompt_text": new.prompt_text,
        "category_id": new.category_id,
        "image": new.files.key,
        "width": new.files.width,
        "height": new.files.height,
        "variants": [
            {"key": variant.key, "width": variant.width, "height": variant.height}
            for variant in new.files.variants
        ],
        "draft_folder": new.files.folder,
        "status": Prompt.Status.DRAFT,
        "visibility": new.visibility,
        "moderation": new.verdict.status,
        "moderation_detail": new.verdict.to_json(),
        "ai_generator": cut_at_word(new.ai_generator, 80),
        "ai_model": new.ai_model[:80],
        "is_placeholder": new.is_placeholder,
        "created_by_id": new.created_by_id,
        "job_ref": new.job_ref,
        "job_label": cut_at_word(new.job_label, 120),
    }


class Doubt(StrEnum):
    """What speaks against publishing unless a person was warned and wants it."""

    PLACEHOLDER = "placeholder"
    NOT_CHECKED = "not_checked"
    LEFTOVER = "leftover"


def doubts_of(page: Prompt) -> dict[str, str]:
    """Each with its sentence, under what is kept of it once it is accepted."""
    doubts: dict[str, str] = {}
    if page.is_placeholder:
        doubts[Doubt.PLACEHOLDER] = "Its picture is a placeholder."
    if page.moderation == Prompt.Moderation.NOT_CHECKED:
        doubts[Doubt.NOT_CHECKED] = "It was not checked by moderation."
    return doubts | leftovers_of(page)


def leftovers_of(page: Prompt) -> dict[str, str]:
    """The doubts that a template left: each place and word is another one."""
    texts = {
        "prompt": page.prompt_text,
        "title": page.title,
        "description": page.description,
        "alt text": page.alt_text,
    }
    return {
        f"{Doubt.LEFTOVER}:{name}:{left}": f"Its {name} still has “{left}”."
        for name, text in texts.items()
        for left in find_leftovers(text)
    }


def why_never(page: Prompt) -> str:
    """The reason against publishing that nobody can confirm away, or ""."""
    if page.moderation == Prompt.Moderation.FLAGGED:
        return "Moderation stopped it."
    if not page.image:
        return "It has no picture."
    return ""


def why_not_publish(page: Prompt, confirmed: Collection[str] = ()) -> str:
    """The reasons against publishing, or "". ``confirmed``: the doubts that a person accepts.

    Whoever accepts doubts has read them all, so all are named.
    """
    left = (sentence for doubt, sentence in doubts_of(page).items() if not _is_in(doubt, confirmed))
    return why_never(page) or " ".join(left)


def _is_in(doubt: str, confirmed: Collection[str]) -> bool:
    """Rows of before know doubts by their kind alone."""
    return doubt in confirmed or doubt.partition(":")[0] in confirmed
