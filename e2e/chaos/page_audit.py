"""Holds the pages against their pictures and their files."""

from __future__ import annotations

from collections import Counter

from bulk_admin.models import GeneratedImage, PageStatus
from bulk_admin.storages import ObjectStore
from prompts.models import Prompt
from prompts.services import page_files


def audit_pages() -> list[str]:
    """No page twice, none without its picture's row, and each file of theirs where it belongs."""
    made = dict(
        GeneratedImage.objects.filter(page_status=PageStatus.CREATED).values_list("page_id", "pk")
    )
    findings = []
    for page in Prompt.objects.exclude(source_ref=""):
        if made.pop(str(page.pk), None) is None:
            findings.append(f"page {page.pk} ({page.source_ref}) is no picture's")
        for key in (page.image, *(variant["key"] for variant in page.variants)):
            if not ObjectStore("private").exists(page.draft_folder + page_files.name_of(key)):
                findings.append(f"page {page.pk} has no file {key}")
            if not page.is_public and ObjectStore("default").exists(key):
                findings.append(f"page {page.pk} is not public, and {key} is")
    sources = Counter(Prompt.objects.exclude(source_ref="").values_list("source_ref", flat=True))
    findings += [f"{source} has {times} pages" for source, times in sources.items() if times > 1]
    return [
        *findings,
        *(f"picture {image} has page {page}, which is not there" for page, image in made.items()),
    ]
