"""Keep, drop and undo, in the order of the presses."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from bulk_admin.addresses import admin_url
from bulk_admin.admin import permissions
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob
from bulk_admin.numbers import ids_in
from bulk_admin.selectors import job_page
from bulk_admin.services import changes
from bulk_admin.services.changes import Undone
from bulk_admin.services.jobs import decisions

from .views import answer, job_or_404

MOST_STEPS = 200
UNDO = "undo"
Step = dict[int, bool] | str  # picture -> keep; or UNDO


@require_POST
def decide(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """``steps``: a JSON list of ``{"keep": "1,2", "drop": "3"}`` and ``"undo"``, as they were
    pressed. Each is a step of its own, done or undone whole.
    """
    job = job_or_404(request, job_id)
    if not permissions.can_act(request.user, job):
        raise PermissionDenied
    steps = _steps(request.POST.get("steps", ""))
    if steps is None:
        return HttpResponseBadRequest("steps: not a list of decisions")
    said, dropped = "", set()
    for step in steps:
        if isinstance(step, str):
            said = _said(changes.undo_last(job.pk, by=request.user))
        else:
            decisions.decide_each(job.pk, step, by=request.user)
            dropped |= {pk for pk, keep in step.items() if not keep}
    response = answer(request, job.pk, said)
    return _offer_to_unpublish(response, job, dropped)


def _steps(text: str) -> list[Step] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or len(found) > MOST_STEPS:
        return None
    steps = [_step(each) for each in found]
    return None if None in steps else [step for step in steps if step is not None]


def _step(each: Any) -> Step | None:
    if each == UNDO:
        return UNDO
    if not isinstance(each, dict):
        return None
    keep, drop = each.get("keep", ""), each.get("drop", "")
    if not isinstance(keep, str) or not isinstance(drop, str):
        return None
    return dict.fromkeys(ids_in(drop), False) | dict.fromkeys(ids_in(keep), True)


def _said(undone: Undone | None) -> str:
    if undone is None:
        return "Nothing of yours to undo here."
    if not undone.left:
        return f"Undone: {counted(len(undone.put_back), 'picture')}."
    left = counted(len(undone.left), "picture was", "pictures were")
    return f"Undone: {len(undone.put_back)}. {left} decided again since, or deleted."


def _offer_to_unpublish(
    response: HttpResponse, job: BulkGenerationJob, dropped: set[int]
) -> HttpResponse:
    """A dropped picture whose page is out: the page asks what shall become of it."""
    if not dropped or not job_page.published_pages(job, dropped):
        return response
    address = admin_url("bulk_admin_bulkgenerationjob_ask", job.pk, "unpublish")
    ids = ",".join(map(str, sorted(dropped)))
    return trigger_client_event(response, "bulk:ask", {"address": f"{address}?ids={ids}"})
