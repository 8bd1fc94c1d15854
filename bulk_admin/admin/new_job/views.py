"""New job: the form, and what it asks the server while it is filled in."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from bulk_admin.admin import permissions
from bulk_admin.admin.door import is_htmx
from bulk_admin.admin.options import ModelAdmin, route
from bulk_admin.causes import Cause
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob, GeneratedImage, JobStatus
from bulk_admin.selectors import new_job, not_made
from bulk_admin.services.drafting import drafts, flags
from bulk_admin.services.drafting.intake import IntakeError, Row, parse_text
from bulk_admin.services.drafting.settings import settings_of
from bulk_admin.services.pricing.catalogue import ModelNotAvailable
from bulk_admin.uploads import upload

from . import quote
from .form import NewJobForm, initial_of

HERE = "admin/bulk_admin/new_job"


def urls(model_admin: ModelAdmin[Any]) -> list[URLPattern]:
    return [
        route(model_admin, "price/", price, "price"),
        route(model_admin, "options/", options, "options"),
    ]


def add(request: HttpRequest, model_admin: ModelAdmin[Any]) -> HttpResponse:
    _must_be_able_to_spend(request)
    draft = _draft(request)
    if request.method == "POST":
        form = _form(request, data=request.POST, files=request.FILES)
        if form.is_valid() and (job := _save(request, form, draft)):
            return _to_sheet(request, job)
    else:
        form = _form(request, initial=_initial(request, draft))
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "New job",
        "form": form,
        "quote": quote.of_form(form),
        "draft_id": draft.pk if draft else "",
        "most_bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    }
    return TemplateResponse(request, f"{HERE}/page.html", context)


def _may_spend(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("bulk_admin.generate"))


@upload(may=_may_spend)
def price(request: HttpRequest) -> HttpResponse:
    """The bill of what the form holds right now. Nothing is saved."""
    form = _form(request, data=request.POST, files=request.FILES)
    form.is_valid()
    return TemplateResponse(
        request, f"{HERE}/_price.html", {"form": form, "quote": quote.of_form(form)}
    )


@require_POST
def options(request: HttpRequest) -> HttpResponse:
    """What the chosen account and model offer. What still fits stays chosen."""
    _must_be_able_to_spend(request)
    form = _form(request, initial=request.POST.dict())
    response = TemplateResponse(request, f"{HERE}/_options.html", {"form": form})
    return trigger_client_event(response, "options-changed", after="settle")


def _must_be_able_to_spend(request: HttpRequest) -> None:
    if not _may_spend(request):
        raise PermissionDenied


def _form(request: HttpRequest, **kwargs: Any) -> NewJobForm:
    return NewJobForm(person=request.user, on=timezone.now().date(), **kwargs)


# --- where the form's first values come from ---------------------------------------------------


def _draft(request: HttpRequest) -> BulkGenerationJob | None:
    """The draft that this form is the way back of; None when it is gone, started, or
    another user's.
    """
    job = _job(request.POST.get("draft") or request.GET.get("draft"))
    return (
        job
        if job and job.status == JobStatus.DRAFT and permissions.can_act(request.user, job)
        else None
    )


def _job(text: str | None) -> BulkGenerationJob | None:
    try:
        return new_job.job(uuid.UUID(text)) if text else None
    except ValueError:
        return None


def _initial(request: HttpRequest, draft: BulkGenerationJob | None) -> dict[str, Any]:
    if draft:
        return {**initial_of(settings_of(draft)), "prompts": _text_of(draft)}
    now = timezone.localtime()
    fresh = {"name": f"Job {now.day} {now:%b %H:%M}"}
    pattern = _job(request.GET.get("from"))
    if pattern is None or not permissions.can_view(request.user):
        return fresh
    return {
        **initial_of(settings_of(pattern)),
        **fresh,
        "prompts": _prompts_of(pattern, request.GET.get("prompts", "")),
    }


def _text_of(draft: BulkGenerationJob) -> str:
    """The paste as it was while the rows still say the same, else the rows as the sheet shows
    them.
    """
    texts = [image.prompt_text for image in new_job.rows(draft)]
    return draft.source_text if _texts_in(draft.source_text) == texts else as_paste(texts)


def _texts_in(paste: str) -> list[str]:
    try:
        return [row.text for row in parse_text(paste).rows]
    except IntakeError:
        return []


def _prompts_of(job: BulkGenerationJob, which: str) -> str:
    """The job's prompts as a paste: "all", "failed" (those of which some picture is missing), those
    of a group of the failure tray by its cause, or none.
    """
    if which in [*Cause]:
        return as_paste(not_made.prompts(job, Cause(which)))
    if which not in ("all", "failed"):
        return ""
    return as_paste(new_job.prompts(job, only_missing=which == "failed"))


def as_paste(texts: list[str]) -> str:
    """Prompts as a person would paste them: one per line, or in blocks when one of them has lines
    of its own.
    """
    if not any("\n" in text for text in texts):
        return "\n".join(texts)
    # A lone one has its separator too: without, its lines would be prompts.
    return "\n---\n".join(texts if len(texts) > 1 else [*texts, ""])


# --- saving ------------------------------------------------------------------------------------


def _save(
    request: HttpRequest, form: NewJobForm, draft: BulkGenerationJob | None
) -> BulkGenerationJob | None:
    """The draft, or None with the reason on the form."""
    chosen, source_text, skipped = form.job_settings(), form.source_text, len(form.problems)
    try:
        if draft:
            return drafts.replace_draft(
                draft.pk,
                chosen,
                _as_on_the_sheet(draft, form.rows),
                source_text=source_text,
                skipped=skipped,
            )
        return drafts.create_draft(
            chosen, form.rows, by=request.user, source_text=source_text, skipped=skipped
        )
    except (drafts.DraftRefused, ModelNotAvailable) as error:
        form.add_error(None, str(error))
        return None


def _as_on_the_sheet(draft: BulkGenerationJob, rows: list[Row]) -> list[Row]:
    """What a paste does not say stays with the prompts that are still the same, twins in their
    order.
    """
    known: dict[str, list[GeneratedImage]] = defaultdict(list)
    for image in reversed(new_job.rows(draft)):
        known[image.prompt_text].append(image)
    return [_like(row, known[row.text].pop()) if known[row.text] else row for row in rows]


def _like(row: Row, image: GeneratedImage) -> Row:
    """With a file's own size, quality and count, and with the tick where it was set against
    its flags.
    """
    row = replace(
        row, included=None if image.included == flags.starts_on(image.flags) else image.included
    )
    has_its_own = row.size or row.quality or row.count
    return (
        row
        if has_its_own
        else replace(row, size=image.size, quality=image.quality, count=image.count)
    )


def _to_sheet(request: HttpRequest, job: BulkGenerationJob) -> HttpResponse:
    if job.skipped:
        messages.warning(
            request, f"{counted(job.skipped, 'bad line was', 'bad lines were')} left out."
        )
    if is_htmx(request):
        return HttpResponseClientRedirect(job.get_absolute_url())
    return HttpResponseRedirect(job.get_absolute_url())
