"""The one page factory: files first, then everything about the page or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.utils import timezone
from PIL import Image, ImageOps
from taggit.models import Tag, TaggedItem

from prompts.models import Prompt
from prompts.services import b2_upload
from prompts.services.ai_content import Content
from prompts.services.nsfw_moderation import Verdict
from prompts.utils.seo import unique_slug, words_of

EXTENSIONS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "WEBP": ("webp", "image/webp")}
SIDES = (300, 600, 1200)
SLUG_TRIES = 5


class PageNotCreated(Exception):
    """The page would not have been whole; nothing of it is saved."""


@dataclass(frozen=True, slots=True)
class Variant:
    key: str
    width: int
    height: int
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageFiles:
    """A page's picture as it came, and smaller WebP ones with their true sizes."""

    key: str
    content_type: str
    width: int
    height: int
    content: bytes = field(repr=False)
    variants: list[Variant] = field(default_factory=list)


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


def prepare_files(original: bytes, content_type: str, base_name: str) -> PageFiles:
    """The files of a page; runs in threads. Raises PageNotCreated when the picture can not be read."""
    try:
        with Image.open(BytesIO(original), formats=tuple(EXTENSIONS)) as picture:
            extension, real_type = EXTENSIONS[str(picture.format)]
            upright = ImageOps.exif_transpose(picture)
            width, height = upright.size
            scaled = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            variants = [_variant(scaled, base_name, side) for side in sorted(SIDES, reverse=True)]
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise PageNotCreated("The picture can not be read.") from error
    return PageFiles(f"pages/{base_name}.{extension}", real_type, width, height, original, variants[::-1])


def _variant(scaled: Image.Image, base_name: str, side: int) -> Variant:
    """Scales in place, from the largest down; never up."""
    scaled.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = BytesIO()
    scaled.save(out, "WEBP", quality=80, method=2)
    return Variant(f"pages/{base_name}-{side}.webp", *scaled.size, out.getvalue())


def store_files(files: PageFiles) -> None:
    """Put a page's files where everybody can read them; runs in threads. Raises StorageUnavailable."""
    for variant in files.variants:
        b2_upload.put(variant.key, variant.content, "image/webp", public=True)
    b2_upload.put(files.key, files.content, files.content_type, public=True)


def create_page(new: NewPage) -> Prompt:
    """A draft page, in the caller's transaction; a second call for the same source returns the first one's page.

    Raises PageNotCreated when it would not be whole.
    """
    page = Prompt.objects.filter(source_ref=new.source_ref).first()
    if page is not None:
        return page
    _check_whole(new)
    page = _insert(new)
    _set_tags(page, [*new.content.tags, *(tag.lower() for tag in new.extra_tags)])
    return page


def _check_whole(new: NewPage) -> None:
    if not new.content.title.strip() or not new.content.description.strip():
        raise PageNotCreated("Title or description is empty.")
    if new.verdict.status == "flagged":
        raise PageNotCreated("Moderation stopped this picture.")
    if not new.files.key or not new.files.variants:
        raise PageNotCreated("A picture file is missing.")


def _insert(new: NewPage) -> Prompt:
    base = words_of(new.content.title, 80)
    taken = set(Prompt.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    for _ in range(SLUG_TRIES):
        slug = unique_slug(new.content.title, taken.__contains__)
        try:
            with transaction.atomic():
                return Prompt.objects.create(slug=slug, **_fields(new))
        except IntegrityError:
            if Prompt.objects.filter(source_ref=new.source_ref).exists():
                return Prompt.objects.get(source_ref=new.source_ref)
            taken.add(slug)
    raise PageNotCreated("No free address was found for it.")


def _fields(new: NewPage) -> dict[str, Any]:
    return {
        "source_ref": new.source_ref,
        "title": new.content.title[:200],
        "prompt_text": new.prompt_text,
        "description": new.content.description,
        "alt_text": new.content.alt_text[:125],
        "category_id": new.category_id,
        "image": new.files.key,
        "width": new.files.width,
        "height": new.files.height,
        "variants": [{"key": variant.key, "width": variant.width, "height": variant.height} for variant in new.files.variants],
        "status": Prompt.Status.DRAFT,
        "visibility": new.visibility,
        "moderation": new.verdict.status,
        "moderation_detail": new.verdict.to_json(),
        "content_source": new.content.source,
        "ai_generator": new.ai_generator,
        "ai_model": new.ai_model,
        "is_placeholder": new.is_placeholder,
        "created_by_id": new.created_by_id,
    }


def _set_tags(page: Prompt, names: Iterable[str]) -> None:
    """taggit's own ``add`` asks the database some times for each tag; a page has ten."""
    wanted = list(dict.fromkeys(name[:100] for name in names if name.strip()))
    found = dict(Tag.objects.filter(name__in=wanted).values_list("name", "pk"))
    missing = [name for name in wanted if name not in found]
    if missing:
        Tag.objects.bulk_create([Tag(name=name, slug=Tag().slugify(name) or f"tag-{name}") for name in missing], ignore_conflicts=True)
        found |= dict(Tag.objects.filter(name__in=missing).values_list("name", "pk"))
    kind = ContentType.objects.get_for_model(Prompt)
    TaggedItem.objects.bulk_create([TaggedItem(tag_id=found[name], content_type=kind, object_id=page.pk) for name in wanted if name in found])


def why_not_publish(page: Prompt, *, allow_unchecked: bool = False) -> str:
    """The reason against publishing, or ""."""
    if page.moderation == Prompt.Moderation.FLAGGED:
        return "Moderation stopped it."
    if not page.image:
        return "It has no picture."
    if page.is_placeholder and not allow_unchecked:
        return "Its picture is a placeholder."
    if page.moderation == Prompt.Moderation.NOT_CHECKED and not allow_unchecked:
        return "It was not checked by moderation."
    return ""


def publish(pages: Iterable[Prompt], *, allow_unchecked: bool = False) -> list[tuple[Prompt, str]]:
    """Publish pages; for each one "" or why it was left a draft. A published one stays as it is."""
    results: list[tuple[Prompt, str]] = []
    for page in pages:
        reason = why_not_publish(page, allow_unchecked=allow_unchecked)
        if not reason and page.status != Prompt.Status.PUBLISHED:
            page.status, page.published = Prompt.Status.PUBLISHED, page.published or timezone.now()
            page.save(update_fields=["status", "published", "updated"])
        results.append((page, reason))
    return results


def unpublish(pages: Iterable[Prompt]) -> int:
    """Take pages back to draft; how many were published."""
    return Prompt.objects.filter(pk__in=[page.pk for page in pages], status=Prompt.Status.PUBLISHED).update(status=Prompt.Status.DRAFT)


def delete_page_files(page: Prompt) -> None:
    """Delete the files of a page that is gone. Raises StorageUnavailable."""
    for key in (page.image, *(variant["key"] for variant in page.variants)):
        if key:
            b2_upload.delete(key, public=True)
