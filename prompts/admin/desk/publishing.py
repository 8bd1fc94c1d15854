"""Publish what is approved, now or spread over days; stop the schedule; take pages back.

Each asks first, in a dialog that says how many, and answers with what was done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from prompts.models import Prompt
from prompts.services.desk import publishing, spreading
from prompts.services.desk.batch import Batch, State, state_of

from . import context
from .calendar import weeks_of
from .door import CHANGE, GET, POST, PUBLISH, door, numbers_in
from .rows import FOLDER
from .spread_form import SpreadForm

ASK_OR_DO = (*GET, *POST)


@door(CHANGE, PUBLISH, methods=ASK_OR_DO)
def publish(request: HttpRequest, batch: Batch) -> HttpResponse:
    """Now: those of ``ids``, or all that are approved."""
    pages = _approved(request, batch)
    if request.method != "POST":
        ready = [page for page in pages if not publishing.why_not(page)]
        held = [(page, publishing.why_not(page)) for page in pages if page not in ready]
        button = f"Publish {len(ready)} page{'' if len(ready) == 1 else 's'}"
        shown = {"pages": pages, "ready": ready, "held": held, "button": button}
        return _dialog(request, batch, "publish", **shown)
    reasons = publishing.publish([page.pk for page in pages], by=request.user)
    return _done(request, _told(reasons.values(), "will be published by the worker"))


@door(CHANGE, PUBLISH, methods=ASK_OR_DO)
def spread(request: HttpRequest, batch: Batch) -> HttpResponse:
    """Over days: GET shows the dialog, and with ``preview`` what its answers mean."""
    pages = [page for page in _approved(request, batch) if not publishing.why_not(page)]
    sent = request.POST if request.method == "POST" else request.GET
    is_filled = request.method == "POST" or "preview" in sent
    form = SpreadForm(sent) if is_filled else SpreadForm(SpreadForm.usual())
    slots = _slots(form, pages)
    if request.method == "POST" and form.is_valid():
        at = {slot.page_id: slot.at for slot in slots}
        reasons = publishing.publish(list(at), by=request.user, at=at)
        return _done(request, _told(reasons.values(), "scheduled"))
    shown = {"form": form, "pages": pages, **_preview(pages, slots)}
    return _dialog(request, batch, "spread_preview" if "preview" in sent else "spread", **shown)


@door(CHANGE, PUBLISH, methods=ASK_OR_DO)
def stop(request: HttpRequest, batch: Batch) -> HttpResponse:
    pages = [page for page in batch.pages if state_of(page) == State.SCHEDULED]
    if request.method != "POST":
        return _dialog(request, batch, "stop", pages=pages)
    count = publishing.stop([page.pk for page in pages], by=request.user)
    return _done(request, f"{count} taken off the schedule: approved, and not published.")


@door(CHANGE, PUBLISH, methods=ASK_OR_DO)
def unpublish(request: HttpRequest, batch: Batch) -> HttpResponse:
    pages = [page for page in batch.pages if state_of(page) == State.PUBLISHED]
    if request.method != "POST":
        spared = [page for page in pages if publishing.edited_since(page)]
        back = len(pages) - len(spared)
        return _dialog(request, batch, "unpublish", pages=pages, back=back, spared=spared)
    done, spared_ids = publishing.unpublish([page.pk for page in pages], by=request.user)
    left = f" {len(spared_ids)} edited since stay published." if spared_ids else ""
    return _done(request, f"{len(done)} unpublished: drafts again, and approved.{left}")


def _approved(request: HttpRequest, batch: Batch) -> list[Prompt]:
    """Of the marked pages, or of all."""
    sent = request.POST if request.method == "POST" else request.GET
    marked = set(numbers_in(sent.get("marked", "")))
    return [page for page in batch.approved() if not marked or page.pk in marked]


def _slots(form: SpreadForm, pages: Sequence[Prompt]) -> list[spreading.Slot]:
    if not form.is_valid():
        return []
    wanted = [(page.pk, page.category_id) for page in pages]
    zone = timezone.get_current_timezone()
    return spreading.plan(wanted, form.wishes(), zone, timezone.now())


def _preview(pages: Sequence[Prompt], slots: Sequence[spreading.Slot]) -> dict[str, Any]:
    """The calendar, and the first day's pages in their order."""
    by_id = {page.pk: page for page in pages}
    local = [(timezone.localtime(slot.at), by_id[slot.page_id]) for slot in slots]
    first_day = [(at, page) for at, page in local if at.date() == local[0][0].date()]
    order = [(slot.page_id, by_id[slot.page_id].category_id) for slot in slots]
    return {
        "weeks": weeks_of([at.date() for at, _ in local], timezone.localdate()),
        "days": len({at.date() for at, _ in local}),
        "first_day": [(at, context.shown(page, [])) for at, page in first_day],
        "from": local[0][0] if local else None,
        "to": local[-1][0] if local else None,
        "repeats": spreading.repeats(order),
        "gap": _gap([at for at, _ in first_day]),
        "zone": timezone.get_current_timezone_name(),
    }


def _gap(times: Sequence[dt.datetime]) -> int:
    """Minutes between two pages of a day; 0 where there is one."""
    if len(times) < 2:
        return 0
    return round((times[-1] - times[0]).total_seconds() / 60 / (len(times) - 1))


def _told(reasons: Iterable[str], what: str) -> str:
    found = list(reasons)
    why = next((reason for reason in found if reason), "")
    left = sum(bool(reason) for reason in found)
    told = f"{len(found) - left} {what}."
    return f"{told} {left} not: {why}" if left else told


def _dialog(request: HttpRequest, batch: Batch, name: str, **values: Any) -> HttpResponse:
    return TemplateResponse(request, f"{FOLDER}_{name}.html", {"batch": batch, **values})


def _done(request: HttpRequest, text: str) -> HttpResponse:
    """The desk is loaded again, as much of it has changed, and says this."""
    messages.success(request, text)
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
