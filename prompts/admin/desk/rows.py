"""What the desk's scripts are told of pages, as JSON: each with its HTML as it is now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string

from prompts.services.desk.batch import Batch

from . import context

FOLDER = "admin/prompts/desk/"


def is_table(request: HttpRequest) -> bool:
    return request.GET.get("view") == "table"


def told_of(
    request: HttpRequest, batch: Batch, rows: Iterable[dict[str, Any]], **more: Any
) -> JsonResponse:
    """``rows``: facts of pages, each with its "page"; its HTML is its row of the table, or its
    flags beside the draft.
    """
    around = context.of_batch(request, batch)
    pages = {page.pk: page for page in batch.pages}
    answered = [
        {**row, "html": _html(request, batch, around, pages.get(row["page"]))} for row in rows
    ]
    counts = _render(request, "_counts.html", around)
    dock = _render(request, "_publish_buttons.html", around)
    return JsonResponse({"rows": answered, "counts": counts, "publish": dock, **more})


def _html(request: HttpRequest, batch: Batch, around: dict[str, Any], page: Any) -> str:
    if page is None:
        return ""
    shown = context.shown(page, batch.flags.get(page.pk, []))
    if is_table(request):
        return _render(request, "_row.html", {**around, "row": shown})
    return _render(request, "_flags.html", {"draft": shown})


def _render(request: HttpRequest, name: str, values: dict[str, Any]) -> str:
    return render_to_string(f"{FOLDER}{name}", values, request)
