"""Pictures and new pages with defaults."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from bulk_admin.adapter import Content, Verdict
from prompts.services import publishing
from prompts.services.publishing import NewPage, PageFiles
from prompts.utils.seo import file_words


def make_picture(
    width: int = 1024,
    height: int = 768,
    file_format: str = "PNG",
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(
        out, file_format, **options
    )
    return out.getvalue()


def make_content(**changes: Any) -> Content:
    facts = {
        "title": "Red Fox Curled Asleep in Deep Winter Snow",
        "description": "A red fox sleeps in snow. Soft light falls on its fur.",
        "tags": ["fox", "winter-snow", "wildlife"],
        "alt_text": "A red fox asleep in deep snow.",
        "source": "ai",
    }
    return Content(**{**facts, **changes})


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
