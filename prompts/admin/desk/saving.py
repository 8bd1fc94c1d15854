"""A field is saved: what the desk's scripts send, and what they are told of each page."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.loader import render_to_string

from prompts.services.desk import editing
from prompts.services.desk.batch import MOST, Batch
from prompts.services.desk.editing import Edit

from . import context
from .door import CHANGE, POST, door
from .reading import FOLDER


@door(CHANGE, methods=POST)
def save(request: HttpRequest, batch: Batch) -> HttpResponse:
    """JSON ``{"field": "title", "rows": [{"page": 1, "text": "new", "was": "old"}]}``, of pages on
    this desk; the answer has a row for each.
    """
    asked = _asked(request)
    if asked is None:
        return HttpResponseBadRequest("This is not what the desk sends.")
    field, edits = asked
    there = {page.pk for page in batch.pages}
    edits = [edit for edit in edits if edit.page_id in there]
    try:
        done = editing.save(field, edits, by=request.user) if edits else []
    except ValueError as error:
        return HttpResponseBadRequest(str(error))
    after = Batch(batch.job, batch.ids, batch.show)
    shown = {page.pk: page for page in after.readable}
    is_table = request.GET.get("view") == "table"
    rows = [
        {
            "page": each.page_id,
            "state": each.state,
            "text": each.text,
            "message": each.message,
            "seen": each.seen,
            "html": _html(request, after, shown[each.page_id], is_table)
            if each.page_id in shown
            else "",
        }
        for each in done
    ]
    counts = context.of_batch(request, after)
    return JsonResponse({"rows": rows, "bar": _render(request, "_counts.html", counts)})


def _asked(request: HttpRequest) -> tuple[str, list[Edit]] | None:
    try:
        sent = json.loads(request.body or b"{}")
        rows = sent.get("rows", [])[:MOST]
        edits = [Edit(int(row["page"]), str(row["text"]), str(row["was"])) for row in rows]
        return str(sent.get("field", "")), edits
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _html(request: HttpRequest, batch: Batch, page: Any, is_table: bool) -> str:
    """What the page's flags are now: alone, or in its row."""
    draft = context.shown(page, batch.flags.get(page.pk, []))
    more = context.of_batch(request, batch) if is_table else {}
    return _render(request, "_row.html" if is_table else "_flags.html", {"draft": draft, **more})


def _render(request: HttpRequest, name: str, values: dict[str, Any]) -> str:
    return render_to_string(f"{FOLDER}{name}", values, request)
