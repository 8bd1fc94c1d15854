"""Pages, their files and what they are made from, with defaults."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from bulk_admin.adapter import Verdict
from bulk_admin.testing.factories import make_content
from bulk_admin.testing.pictures import make_picture
from prompts.models import Prompt
from prompts.services import publishing
from prompts.services.publishing import NewPage, PageFiles
from prompts.services.tagging import tag_page
from prompts.utils.seo import file_words


def make_page(n: int = 1, *tags: str, **changes) -> Prompt:
    """A published page with all that it shows; its files are not there."""
    facts = {
        "title": f"Red Fox {n}",
        "slug": f"red-fox-{n}",
        "prompt_text": f"a red fox, take {n}",
        "description": "A fox in snow. It sleeps.",
        "alt_text": "A fox.",
        "image": f"pages/red-fox-{n}.png",
        "width": 1024,
        "height": 768,
        "variants": [
            {"key": f"pages/red-fox-{n}-{width}.webp", "width": width, "height": width * 3 // 4}
            for width in (300, 600, 1024)
        ],
        "status": "published",
        "published": timezone.now(),
        "moderation": "passed",
    }
    page = Prompt.objects.create(**{**facts, **changes})
    tag_page(page, tags)
    return page


def make_files(
    title: str = "Red Fox", ref: str = "7", *, picture: bytes | None = None, is_stored: bool = True
) -> PageFiles:
    files = publishing.prepare_files(picture or make_picture(), "image/png", file_words(title, ref))
    if is_stored:
        publishing.store_files(files)
    return files


def make_new(**changes: Any) -> NewPage:
    """A page to be; its files are not prepared again for every one, unless given."""
    facts: dict[str, Any] = {
        "source_ref": "image-7",
        "prompt_text": "a red fox curled asleep in deep winter snow",
        "content": make_content(),
        "verdict": Verdict("passed", [], {"violence": 0.01}, "omni-moderation-latest"),
    }
    facts |= changes
    if "files" not in facts:
        facts["files"] = stored_files()
    return NewPage(**facts)


def stored_files() -> PageFiles:
    """Files of a small picture that count as stored; for tests that are not about files."""
    return make_files(picture=make_picture(40, 30))
