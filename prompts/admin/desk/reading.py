"""The desk's page, and the draft that a key leads to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from prompts.models import Prompt
from prompts.services.desk.batch import Batch

from . import context
from .door import GET, door, numbers_in
from .rows import FOLDER, is_table


@door(methods=GET)
def desk(request: HttpRequest, batch: Batch) -> HttpResponse:
    """One draft at a time, or with ``?view=table`` all of them."""
    pages = [context.shown(page, batch.flags.get(page.pk, [])) for page in batch.shown]
    whole = {
        **admin.site.each_context(request),
        **context.of_batch(request, batch),
        "opts": Prompt._meta,
        "title": "Publish desk",
        "flagged": sum(batch.is_flagged(page) for page in batch.pages),
        "now": timezone.now().isoformat(),
    }
    if is_table(request):
        whole |= {"pages": sorted(pages, key=lambda page: page.weight), "is_table": True}
        return TemplateResponse(request, f"{FOLDER}table.html", whole)
    wanted = numbers_in(request.GET.get("page", ""))
    page = (batch.find(wanted[0]) if wanted else None) or batch.first()
    whole |= {"pages": pages, **context.of_draft(request, batch, page)}
    return TemplateResponse(request, f"{FOLDER}one.html", whole)


@door(methods=GET)
def draft(request: HttpRequest, batch: Batch, page_id: int) -> HttpResponse:
    """Another draft, in place of the one that is read."""
    page = batch.find(page_id)
    if page is None:
        raise Http404
    return answer(request, batch, page)


def answer(
    request: HttpRequest, batch: Batch, page: Prompt | None, **more: Any
) -> TemplateResponse:
    """The draft with the bar and the dock around it; ``touched``: pages whose marks changed."""
    whole = {
        **context.of_batch(request, batch),
        **context.of_draft(request, batch, page),
        "flagged": None,
        "touched": [],
        "oob": True,
        **more,
    }
    response = TemplateResponse(request, f"{FOLDER}_answer.html", whole)
    place = batch.query(page=page.pk if page else "")
    response["HX-Replace-Url"] = f"{reverse('admin:prompts_desk')}?{place}"
    return response


@door(methods=GET)
def news(request: HttpRequest, batch: Batch) -> HttpResponse:
    """What others edited since ``?since=``; 204 when that is nothing."""
    since = parse_datetime(request.GET.get("since", "").replace(" ", "+")[:40])
    edited = batch.chosen.filter(edited_at__gt=since) if since else batch.chosen.none()
    theirs = edited.exclude(edited_by=request.user.pk).select_related("edited_by")
    last = theirs.order_by("-edited_at").first()
    if last is None:
        return HttpResponse(status=204)
    return TemplateResponse(
        request, f"{FOLDER}_news.html", {"page": last, "count": theirs.count(), "batch": batch}
    )
