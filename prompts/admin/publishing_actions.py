"""Publish, take back and delete, for one page or many: what will happen, then what happened, row by
row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from prompts.models import Prompt
from prompts.services import publishing

logger = logging.getLogger(__name__)
MOST_PAGES = 2_000
Pages = list[Prompt]


@dataclass(frozen=True)
class Row:
    """``reason``: why the act leaves the page as it is; ``warning``: what somebody must want in
    spite of.
    """

    page: Prompt
    reason: str = ""
    warning: str = ""


@dataclass(frozen=True)
class Act:
    title: str
    right: str
    before: str  # what will happen to a page that is ready
    after: str
    expect: Callable[[Prompt], Row]
    perform: Callable[[HttpRequest, QuerySet[Prompt]], list[Row]]


def view_of(model_admin: ModelAdmin[Prompt]) -> Callable[[HttpRequest, str], HttpResponse]:
    def view(request: HttpRequest, act: str) -> HttpResponse:
        """GET asks, POST does. The pages travel as one field: ``ids=1,2,3``."""
        if act not in ACTS:
            raise Http404
        source = request.POST if request.method == "POST" else request.GET
        ids = list(
            dict.fromkeys(
                int(text)
                for text in source.get("ids", "").split(",")
                if text.isascii() and text.isdigit() and len(text) < 19
            )
        )
        pages = model_admin.get_queryset(request).filter(pk__in=ids[:MOST_PAGES])
        return (
            _do(model_admin, request, act, pages, len(ids))
            if request.method == "POST"
            else ask(model_admin, request, act, pages)
        )

    return view


def ask(
    model_admin: ModelAdmin[Prompt], request: HttpRequest, act: str, pages: QuerySet[Prompt]
) -> HttpResponse:
    """What the act will do to each page, with the count on its button. Changes nothing."""
    _check_right(model_admin, request, act)
    chosen = list(pages[: MOST_PAGES + 1])
    if len(chosen) > MOST_PAGES:
        messages.error(
            request,
            f"These are more than {MOST_PAGES:,} pages. Narrow the filter, then choose again.",
        )
        return HttpResponseRedirect(reverse("admin:prompts_prompt_changelist"))
    rows = [ACTS[act].expect(page) for page in chosen]
    context = {
        "rows": rows,
        "ids": ",".join(str(row.page.pk) for row in rows),
        "ready": sum(not row.reason and not row.warning for row in rows),
        "warned": sum(bool(row.warning) for row in rows),
        "left": sum(bool(row.reason) for row in rows),
        "act_url": reverse("admin:prompts_prompt_act", args=[act]),
    }
    return _answer(model_admin, request, "ask_publishing", act, context)


def _do(
    model_admin: ModelAdmin[Prompt],
    request: HttpRequest,
    act: str,
    pages: QuerySet[Prompt],
    asked: int,
) -> HttpResponse:
    _check_right(model_admin, request, act)
    rows = ACTS[act].perform(request, pages)
    rows.sort(key=lambda row: row.page.created, reverse=True)  # as they were shown
    changed = sum(not row.reason for row in rows)
    context = {
        "rows": rows,
        "changed": changed,
        "left": len(rows) - changed,
        "missing": asked - len(rows),
    }
    return _answer(model_admin, request, "publishing_result", act, context)


def _expect_published(page: Prompt) -> Row:
    if page.status == Prompt.Status.PUBLISHED:
        return Row(page, reason="It is published already.")
    reason = publishing.why_not_publish(page, allow_unchecked=True)
    return Row(page, reason=reason, warning="" if reason else publishing.why_not_publish(page))


def _held(pages: QuerySet[Prompt]) -> Pages:
    """In one order everywhere, and held to the end of the transaction: nobody deletes a page while
    it is published.
    """
    return list(pages.order_by("pk").select_for_update(no_key=True))


@transaction.atomic
def _publish(request: HttpRequest, chosen: QuerySet[Prompt]) -> list[Row]:
    pages = _held(chosen)
    before = _published(pages)
    results = publishing.publish(pages, allow_unchecked="allow_unchecked" in request.POST)
    rows = [
        Row(page, reason="It is published already." if page.pk in before else reason)
        for page, reason in results
    ]
    _log(request, [row.page for row in rows if not row.reason], CHANGE, "Published.")
    return rows


def _expect_draft(page: Prompt) -> Row:
    return Row(
        page, reason="" if page.status == Prompt.Status.PUBLISHED else "It is a draft already."
    )


@transaction.atomic
def _unpublish(request: HttpRequest, chosen: QuerySet[Prompt]) -> list[Row]:
    pages = _held(chosen)
    before = _published(pages)
    publishing.unpublish(pages)
    for page in pages:
        page.status = Prompt.Status.DRAFT
    _log(request, [page for page in pages if page.pk in before], CHANGE, "Taken back to draft.")
    return [
        Row(page, reason="" if page.pk in before else "It is a draft already.") for page in pages
    ]


def _delete(request: HttpRequest, pages: QuerySet[Prompt]) -> list[Row]:
    """The files go after the commit (``services.page_files``)."""
    return [_delete_one(request, page) for page in pages.order_by("pk")]


def _delete_one(request: HttpRequest, page: Prompt) -> Row:
    """In a transaction of its own: whoever listens locks rows too, and many pages' would be locked
    in no common order.
    """
    try:
        with transaction.atomic():
            if not Prompt.objects.filter(pk=page.pk).exists():
                return Row(page, reason="It was deleted meanwhile.")
            _log(request, [page], DELETION, "Deleted.")
            page.delete()
    except OperationalError:
        logger.warning("page could not be deleted", extra={"page": page.pk}, exc_info=True)
        return Row(page, reason="The database was busy. Try again.")
    return Row(page)


ACTS = {
    "publish": Act(
        "Publish pages", "change", "Will be published.", "Published.", _expect_published, _publish
    ),
    "unpublish": Act(
        "Take pages back to draft",
        "change",
        "Will be a draft again.",
        "A draft again.",
        _expect_draft,
        _unpublish,
    ),
    "delete": Act(
        "Delete pages",
        "delete",
        "Will be deleted, with its public pictures.",
        "Deleted.",
        Row,
        _delete,
    ),
}


def _published(pages: Pages) -> set[int]:
    return {page.pk for page in pages if page.status == Prompt.Status.PUBLISHED}


def _log(request: HttpRequest, pages: Pages, flag: int, message: str) -> None:
    if pages:
        LogEntry.objects.log_actions(cast(int, request.user.pk), pages, flag, message)


def _check_right(model_admin: ModelAdmin[Prompt], request: HttpRequest, act: str) -> None:
    may = (
        model_admin.has_delete_permission
        if ACTS[act].right == "delete"
        else model_admin.has_change_permission
    )
    if not may(request):
        raise PermissionDenied


def _answer(
    model_admin: ModelAdmin[Prompt],
    request: HttpRequest,
    template: str,
    act: str,
    context: dict[str, Any],
) -> HttpResponse:
    shared = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": ACTS[act].title,
        "act": act,
        "words": ACTS[act],
    }
    return TemplateResponse(
        request,
        f"admin/prompts/prompt/{template}.html",
        {**shared, "media": model_admin.media, **context},
    )
