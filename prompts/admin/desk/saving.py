"""A field is saved: what the desk's scripts send, and what they are told of each page."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from prompts.services.desk import editing
from prompts.services.desk.batch import MOST, Batch
from prompts.services.desk.editing import Edit

from .door import CHANGE, POST, door
from .rows import told_of


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
    rows = [
        {
            "page": each.page_id,
            "state": each.state,
            "text": each.text,
            "message": each.message,
            "seen": each.seen,
        }
        for each in done
    ]
    return told_of(request, batch.again(), rows)


def _asked(request: HttpRequest) -> tuple[str, list[Edit]] | None:
    try:
        sent = json.loads(request.body or b"{}")
        rows = sent.get("rows", [])[:MOST]
        edits = [Edit(int(row["page"]), str(row["text"]), str(row["was"])) for row in rows]
        return str(sent.get("field", "")), edits
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
