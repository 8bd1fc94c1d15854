"""Publish and take back, for one page or many: what will happen, then what happened, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from prompts.models import Prompt
from prompts.services import publishing

Pages = list[Prompt]


@dataclass(frozen=True)
class Row:
    """``reason``: why the act leaves the page as it is; ``warning``: what somebody must want in spite of."""

    page: Prompt
    reason: str = ""
    warning: str = ""


def view_of(model_admin: ModelAdmin[Prompt]) -> Callable[[HttpRequest, str], HttpResponse]:
    def view(request: HttpRequest, act: str) -> HttpResponse:
        """GET asks, POST does. The pages travel as one field: ``ids=1,2,3``."""
        if act not in ("publish", "unpublish"):
            raise Http404
        source = request.POST if request.method == "POST" else request.GET
        ids = [int(text) for text in source.get("ids", "").split(",") if text.isascii() and text.isdigit() and len(text) < 19]
        pages = model_admin.get_queryset(request).filter(pk__in=ids)
        return _do(model_admin, request, act, pages) if request.method == "POST" else ask(model_admin, request, act, pages)

    return view


def ask(model_admin: ModelAdmin[Prompt], request: HttpRequest, act: str, pages: QuerySet[Prompt]) -> HttpResponse:
    """What the act will do to each page, with the count on its button. Changes nothing."""
    _check_right(model_admin, request)
    rows = [_expected(page, act) for page in pages]
    ready = [row for row in rows if not row.reason and not row.warning]
    context = {
        "rows": rows,
        "ids": ",".join(str(row.page.pk) for row in rows),
        "ready": len(ready),
        "warned": sum(bool(row.warning) for row in rows),
        "left": sum(bool(row.reason) for row in rows),
        "act_url": reverse("admin:prompts_prompt_act", args=[act]),
    }
    return _answer(model_admin, request, "ask_publishing", act, context)


def _expected(page: Prompt, act: str) -> Row:
    is_published = page.status == Prompt.Status.PUBLISHED
    if act == "unpublish":
        return Row(page, reason="" if is_published else "It is a draft already.")
    if is_published:
        return Row(page, reason="It is published already.")
    reason = publishing.why_not_publish(page, allow_unchecked=True)
    return Row(page, reason=reason, warning="" if reason else publishing.why_not_publish(page))


@transaction.atomic
def _do(model_admin: ModelAdmin[Prompt], request: HttpRequest, act: str, pages: QuerySet[Prompt]) -> HttpResponse:
    _check_right(model_admin, request)
    rows = list(pages)
    before = {page.pk for page in rows if page.status == Prompt.Status.PUBLISHED}
    done = _publish(rows, before, request) if act == "publish" else _unpublish(rows, before)
    changed = [row.page for row in done if not row.reason]
    if changed:
        message = "Published." if act == "publish" else "Taken back to draft."
        LogEntry.objects.log_actions(cast(int, request.user.pk), changed, CHANGE, message)
    return _answer(model_admin, request, "publishing_result", act, {"rows": done, "changed": len(changed), "left": len(done) - len(changed)})


def _publish(pages: Pages, before: set[int], request: HttpRequest) -> list[Row]:
    results = publishing.publish(pages, allow_unchecked="allow_unchecked" in request.POST)
    return [Row(page, reason="It is published already." if page.pk in before else reason) for page, reason in results]


def _unpublish(pages: Pages, before: set[int]) -> list[Row]:
    publishing.unpublish(pages)
    for page in pages:
        page.status = Prompt.Status.DRAFT
    return [Row(page, reason="" if page.pk in before else "It is a draft already.") for page in pages]


def _check_right(model_admin: ModelAdmin[Prompt], request: HttpRequest) -> None:
    if not model_admin.has_change_permission(request):
        raise PermissionDenied


def _answer(model_admin: ModelAdmin[Prompt], request: HttpRequest, template: str, act: str, context: dict[str, Any]) -> HttpResponse:
    title = "Publish pages" if act == "publish" else "Take pages back to draft"
    shared = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "title": title, "act": act, "media": model_admin.media}
    return TemplateResponse(request, f"admin/prompts/prompt/{template}.html", {**shared, **context})
