"""Pages, their files and what they are made from, with defaults; and the worker that publishes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from bulk_admin.adapter import Verdict, private
from bulk_admin.testing.factories import make_content
from bulk_admin.testing.pictures import make_picture
from prompts.models import Prompt
from prompts.services import b2_upload, page_files, publish_queue, publish_worker, publishing
from prompts.services.publishing import NewPage, PageFiles
from prompts.services.tagging import tag_page
from prompts.utils.seo import file_words


def make_page(n: int = 1, *tags: str, is_stored: bool = False, **changes) -> Prompt:
    """A published page with all that it shows.

    ``is_stored``: its files are there, as they would be: private, and public too if it is.
    """
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
    page = Prompt(**{**facts, **changes})
    page.has_public_copy = changes.get("has_public_copy", page.is_public)
    if is_stored:
        page.draft_folder = page_files.new_folder()
        for key in page_files.keys_of(page):
            private.put(page.draft_folder + page_files.name_of(key), key.encode(), "image/webp")
            if page.is_public:
                b2_upload.put(key, key.encode(), "image/webp")
    page.save()
    tag_page(page, tags)
    return page


def publish_now(*pages: Prompt) -> None:
    """Press Publish, and let the worker do it."""
    publish_queue.request_publishing(pages, None)
    work()


def work() -> None:
    """A worker does what is due, pauses after failures left out."""
    Prompt.objects.filter(files_claim=None).update(files_not_before=None)
    publish_worker.run()


def public_keys(page: Prompt) -> list[str]:
    """Of the page's files, those that everybody can read."""
    return [key for key in page_files.keys_of(page) if b2_upload.exists(key)]


def private_keys(page: Prompt) -> list[str]:
    """Of the page's files, those that are in private storage."""
    keys = [page.draft_folder + page_files.name_of(key) for key in page_files.keys_of(page)]
    return [key for key in keys if private.exists(key)]


def make_files(
    title: str = "Red Fox", ref: str = "7", *, picture: bytes | None = None, is_stored: bool = True
) -> PageFiles:
    files = publishing.prepare_files(picture or make_picture(), file_words(title, ref))
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
