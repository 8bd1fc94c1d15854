"""What is doubtful about a row of a draft: duplicates, left-overs, length, marks of a paste."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bulk_admin.addresses import admin_url
from bulk_admin.formats import times
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, ImageStatus
from bulk_admin.services import page_adapter
from bulk_admin.services.drafting.marks import MARKS, OPTIONS, has_words, ratio_of
from bulk_admin.services.drafting.settings import too_long_by
from bulk_admin.services.pricing.catalogue import size_of_ratio
from bulk_admin.services.same_text import by_text, normal
from bulk_admin.wording import find_leftover

# What is most likely not meant to be bought; anything else only warns.
STARTS_OFF = frozenset({"duplicate", "too_long", "no_words", "heading"})


def starts_on(flags: Iterable[Mapping[str, str]]) -> bool:
    """Whether a row is ticked before anybody chose."""
    return not any(flag["code"] in STARTS_OFF for flag in flags)


def find_flags(
    job: BulkGenerationJob, model: ImageModel, texts: Sequence[str]
) -> list[list[dict[str, str]]]:
    """For each prompt what staff should look at: code, text, a link where there is something to
    open, and the name of the button that puts it right where one press does.
    """
    pages = page_adapter.pages_of_prompts(texts)
    made = GeneratedImage.objects.filter(status=ImageStatus.COMPLETED).exclude(job_id=job.pk)
    earlier = by_text(made, texts, "job_id")
    first_row: dict[str, int] = {}
    found: list[list[dict[str, str]]] = []
    for position, text in enumerate(texts, 1):
        flags: list[dict[str, str]] = []
        key = normal(text)
        twin = first_row.setdefault(key, position)
        if twin != position:
            flags.append(_flag("duplicate", f"same as row {twin}"))
        if over := too_long_by(job, model, text):
            flags.append(_flag("too_long", f"too long by {over:,}"))
        if key in pages:
            address = page_adapter.url(pages[key])
            flags.append(_flag("page", "already a page", address))
        elif key in earlier:
            flags.append(
                _flag(
                    "earlier",
                    "made before",
                    admin_url("bulk_admin_bulkgenerationjob_change", earlier[key]),
                )
            )
        if leftover := find_leftover(text):
            flags.append(_flag("leftover", f"left-over {leftover}"))
        flags += _marks(job, model, text)
        found.append(flags)
    return found


def _marks(job: BulkGenerationJob, model: ImageModel, text: str) -> list[dict[str, str]]:
    if not has_words(text):
        return [_flag("no_words", "no words in it")]
    flags = []
    for mark in MARKS:
        if shown := mark.find(text):
            shape = _shape(job, model, text) if mark is OPTIONS else ""
            flags.append(_flag(mark.code, f"{shown}{shape}", fix=mark.button))
    return flags


def _shape(job: BulkGenerationJob, model: ImageModel, text: str) -> str:
    """What becomes of the --ar among a prompt's options."""
    ratio = ratio_of(text)
    if ratio is None:
        return ""
    size = size_of_ratio(model, ratio, near=job.size)
    return f" ({times(size)})" if size else f" ({model.label} does not make that shape)"


def _flag(code: str, text: str, url: str = "", fix: str = "") -> dict[str, str]:
    return {"code": code, "text": text, "url": url, "fix": fix}
