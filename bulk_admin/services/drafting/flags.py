"""What is doubtful about a row of a draft: duplicates, left-overs, length, marks of a paste."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Func, QuerySet, TextField, Value
from django.db.models.functions import Lower, Replace, Trim
from django.urls import reverse

from bulk_admin.formats import times
from bulk_admin.models import BulkGenerationJob, GeneratedImage, ImageModel, ImageStatus
from bulk_admin.services.drafting.marks import HTML_TAGS, MARKS, OPTIONS, has_words, ratio_of
from bulk_admin.services.drafting.settings import too_long_by
from bulk_admin.services.pricing.catalogue import size_of_ratio
from prompts.models import Prompt

# {season}, {{ season }}, {red|blue}, [subject], <name>, __colour__: what a template leaves behind.
LEFTOVER = re.compile(
    r"\{\{?\s{0,3}[a-z][a-z0-9 _|-]{1,30}\}?\}"
    r"|\[[a-z][a-z0-9 _-]{2,30}\]"
    rf"|<(?!(?:{HTML_TAGS})\b)[a-z][a-z0-9 _-]{{2,30}}>"
    r"|__[a-z][a-z0-9_-]{1,30}__",
    re.IGNORECASE,
)
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
    pages = _by_text(Prompt.objects.all(), texts, "pk")
    made = GeneratedImage.objects.filter(status=ImageStatus.COMPLETED).exclude(job_id=job.pk)
    earlier = _by_text(made, texts, "job_id")
    first_row: dict[str, int] = {}
    found: list[list[dict[str, str]]] = []
    for position, text in enumerate(texts, 1):
        flags: list[dict[str, str]] = []
        normal = _normal(text)
        twin = first_row.setdefault(normal, position)
        if twin != position:
            flags.append(_flag("duplicate", f"same as row {twin}"))
        if over := too_long_by(job, model, text):
            flags.append(_flag("too_long", f"too long by {over:,}"))
        if normal in pages:
            flags.append(
                _flag(
                    "page",
                    "already a page",
                    reverse("admin:prompts_prompt_change", args=[pages[normal]]),
                )
            )
        elif normal in earlier:
            flags.append(
                _flag(
                    "earlier",
                    "made before",
                    reverse("admin:bulk_admin_bulkgenerationjob_change", args=[earlier[normal]]),
                )
            )
        if leftover := LEFTOVER.search(text):
            flags.append(_flag("leftover", f"left-over {leftover[0]}"))
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


def _normal(text: str) -> str:
    """Two prompts are the same when this is: case and white space aside."""
    return " ".join(text.lower().split())


def _by_text(rows: QuerySet[Any], texts: Sequence[str], name: str) -> dict[str, Any]:
    """Of the rows with one of these prompts: the normal prompt -> the row's ``name``."""
    same = rows.annotate(normal=_normal_in_database())
    found = same.filter(normal__in={_normal(text) for text in texts})
    return {_normal(text): value for text, value in found.values_list("prompt_text", name)}


def _normal_in_database() -> Func:
    """As ``_normal``; SQLite leaves the case of letters beyond ASCII as it is."""
    text: Func = Lower("prompt_text")
    for blank in "\n\t\r\xa0":
        text = Replace(text, Value(blank), Value(" "), output_field=TextField())
    # A run of blanks is "<><><>", in which every "><" goes.
    for old, new in ((" ", "\1\2"), ("\2\1", ""), ("\1\2", " ")):
        text = Replace(text, Value(old), Value(new), output_field=TextField())
    return Trim(text)


def _flag(code: str, text: str, url: str = "", fix: str = "") -> dict[str, str]:
    return {"code": code, "text": text, "url": url, "fix": fix}
