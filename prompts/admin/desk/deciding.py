"""Approve, drop, undo, rewrite: each with the draft that is read next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from bulk_admin.adapter import RewriteRefused, price_of_rewriting, rewrite
from prompts.models import Prompt
from prompts.services import trash
from prompts.services.desk import reviewing, undoing
from prompts.services.desk.batch import Batch

from . import context
from .door import CHANGE, GET, POST, door, pages_in
from .reading import answer
from .rows import FOLDER, is_table, told_of

NOTHING = "There is nothing to undo here."


@door(CHANGE, methods=POST)
def approve(request: HttpRequest, batch: Batch) -> HttpResponse:
    """The pages of ``marks``, "12:<mark>,13:<mark>", each as it was seen."""
    marks = _marks(request.POST.get("marks", ""))
    ids = pages_in(batch, ",".join(map(str, marks)))
    reasons = reviewing.approve({page_id: marks[page_id] for page_id in ids}, by=request.user)
    done = [page_id for page_id, reason in reasons.items() if not reason]
    why = next((reason for reason in reasons.values() if reason), "")
    return decided(request, batch, ids, done, "approved", why)


@door(CHANGE, methods=POST)
def drop(request: HttpRequest, batch: Batch) -> HttpResponse:
    ids = pages_in(batch, request.POST.get("ids", ""))
    done = reviewing.drop(ids, by=request.user)
    why = "Only drafts can be dropped: unpublish it first." if len(done) < len(ids) else ""
    return decided(request, batch, ids, done, "dropped", why)


def decided(
    request: HttpRequest,
    batch: Batch,
    asked: Sequence[int],
    done: Sequence[int],
    verb: str,
    why: str,
) -> HttpResponse:
    """The next draft to read; the same one where nothing was done."""
    after = batch.again()
    if len(done) == 1 and not why:
        text = f"“{_title(after, done[0])}” {verb}."
    else:
        text = f"{len(done)} {verb}. {why}".strip() if done else why
    if is_table(request):
        return _in_table(request, after, asked, text, bool(done))
    if done:
        page = after.next_to_read(max(done))
    else:
        page = after.find(asked[0]) if asked else after.first()
    level = "warning" if why else "success"
    return told(answer(request, after, page, touched=marked(after, done)), text, level, bool(done))


@door(CHANGE, methods=POST)
def restore(request: HttpRequest, batch: Batch) -> HttpResponse:
    ids = pages_in(batch, request.POST.get("ids", ""))
    done = trash.restore(ids, by=request.user)
    after = batch.again()
    page = after.find(ids[0]) if ids else after.first()
    return told(answer(request, after, page, touched=marked(after, done)), "Taken back.")


@door(CHANGE, methods=POST)
def undo(request: HttpRequest, batch: Batch) -> HttpResponse:
    """This person's last action on these pages, which is then shown."""
    undone = undoing.undo_last({page.pk for page in batch.pages}, by=request.user)
    after = batch.again()
    if is_table(request):
        ids = [int(each) for each in (*undone.put_back, *undone.left)] if undone else []
        text = undoing.sentence(undone) if undone else NOTHING
        return _in_table(request, after, ids, text)
    if undone is None:
        here = pages_in(batch, request.POST.get("ids", ""))
        page = after.find(here[0]) if here else after.first()
        return told(answer(request, after, page), NOTHING, "warning")
    back, left = undone.put_back, undone.left
    page = after.find(int((back or left)[0])) or after.first()
    touched = marked(after, [int(each) for each in (*back, *left)])
    return told(answer(request, after, page, touched=touched), undoing.sentence(undone))


@door(CHANGE, methods=(*GET, *POST))
def rewrite_texts(request: HttpRequest, batch: Batch) -> HttpResponse:
    """Order new texts, at this person's cost; the pages keep theirs until they come. GET says for
    how much.
    """
    if request.method != "POST":
        return _ask_to_rewrite(request, batch)
    ids = pages_in(batch, request.POST.get("ids", ""))
    ordered, why = 0, ""
    for page_id in ids:
        try:
            rewrite(page_id, by=request.user)
            ordered += 1
        except RewriteRefused as error:
            why = str(error)
    text = f"{ordered} {'text' if ordered == 1 else 'texts'} ordered. " if ordered else ""
    later = "Each page keeps its own until the new one comes." if ordered else ""
    if request.POST.get("then") == "reload":
        messages.success(request, f"{text}{why or later}")
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    page = batch.find(ids[0]) if ids else batch.first()
    return told(
        answer(request, batch, page), f"{text}{why or later}", "warning" if why else "success"
    )


def _ask_to_rewrite(request: HttpRequest, batch: Batch) -> HttpResponse:
    ids = pages_in(batch, request.GET.get("ids", ""))
    pages = [page for page in batch.readable if page.pk in ids]
    may_buy = request.user.has_perm("bulk_admin.create_pages")
    price = price_of_rewriting([page.pk for page in pages]) if may_buy else ""
    shown = {"batch": batch, "pages": pages, "price": price, "button": f"Rewrite · {price}"}
    return TemplateResponse(request, f"{FOLDER}_rewrite.html", shown)


def _in_table(
    request: HttpRequest, batch: Batch, ids: Iterable[int], text: str, can_undo: bool = False
) -> HttpResponse:
    rows = [{"page": page_id} for page_id in ids]
    return told_of(request, batch, rows, text=text, undo=can_undo)


def told(
    response: HttpResponse, text: str, level: str = "success", can_undo: bool = False
) -> HttpResponse:
    say = {"desk:say": {"text": text, "level": level, "undo": can_undo}}
    response["HX-Trigger"] = json.dumps(say)
    return response


def marked(batch: Batch, ids: Iterable[int]) -> list[context.ShownPage]:
    """Pages whose mark in the strip has changed; their flags are as they were."""
    pages = (batch.find(page_id) for page_id in ids)
    return [context.shown(page, []) for page in pages if page]


def _marks(text: str) -> dict[int, str]:
    pairs = (part.partition(":") for part in text.split(","))
    return {
        int(page_id): mark
        for page_id, _, mark in pairs
        if page_id.isascii() and page_id.isdecimal() and len(page_id) < 19
    }


def _title(batch: Batch, page_id: int) -> str:
    page: Prompt | None = batch.find(page_id)
    return page.title if page else "A page"
