"""The review sheet: what was pasted, row by row, before a cent is spent."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, HttpResponseClientRefresh

from bulk_admin.addresses import admin_url
from bulk_admin.admin import permissions
from bulk_admin.admin.bill import Bill, bill_of
from bulk_admin.admin.door import is_htmx
from bulk_admin.admin.options import ModelAdmin, route
from bulk_admin.models import BulkGenerationJob, GeneratedImage, JobStatus
from bulk_admin.numbers import ids_in, whole
from bulk_admin.selectors import review_sheet
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting.intake import clean
from bulk_admin.services.drafting.marks import MARKS
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.pricing.catalogue import ModelNotAvailable

HERE = "admin/bulk_admin/review_sheet"


def urls(model_admin: ModelAdmin[Any]) -> list[URLPattern]:
    views = (
        ("include/", include, "include"),
        ("fix/", fix, "fix"),
        ("row/<int:image_id>/", row, "row"),
        ("generate/", generate, "generate"),
        ("discard/", discard, "discard"),
        ("form/", back_to_form, "form"),
    )
    return [
        route(model_admin, f"<uuid:job_id>/sheet/{address}", view, f"sheet_{name}")
        for address, view, name in views
    ]


def page(
    request: HttpRequest, model_admin: ModelAdmin[Any], job: BulkGenerationJob
) -> HttpResponse:
    if not permissions.can_view(request.user):
        raise PermissionDenied
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": job.name,
        **_sheet(request, job),
    }
    return TemplateResponse(request, f"{HERE}/page.html", context)


@require_POST
def include(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Tick or untick rows, by ids or all with a flag; the wanted state is sent, never a toggle."""
    job = _draft(request, job_id)
    if job is None:
        return _left(job_id)
    wanted = request.POST.get("wanted") == "1"
    ids = set(
        review_sheet.ids_with_flag(job, request.POST["flag"])
        if request.POST.get("flag")
        else ids_in(request.POST.get("ids", ""))
    )
    if not review_sheet.has_all(job, ids):
        return (
            HttpResponseClientRefresh()
        )  # the rows were replaced in another tab: a fresh bill would stand beside old texts
    drafts.set_included(job.pk, ids, wanted)
    return _changed(request, job, ids)


@require_POST
def fix(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Correct rows by one press: those that are named, or all with the flag."""
    job = _draft(request, job_id)
    if job is None:
        return _left(job_id)
    before = review_sheet.shown(job)
    ids = set(ids_in(request.POST["ids"])) if "ids" in request.POST else None
    if ids and not review_sheet.has_all(job, ids):
        return HttpResponseClientRefresh()
    try:
        drafts.fix_rows(job.pk, request.POST.get("flag", ""), ids)
    except drafts.DraftRefused:
        return _left(job_id)
    except ModelNotAvailable as error:
        messages.error(request, str(error))
        return HttpResponseClientRefresh()
    return _changed(request, job, _differing(job, before))


@require_http_methods(["GET", "HEAD", "POST"])
def row(request: HttpRequest, job_id: uuid.UUID, image_id: int) -> HttpResponse:
    """GET: the row as a form, or as it stands (?show).

    POST: the new text; its flags, and its twins', are found again.
    """
    job = _draft(request, job_id)
    if job is None:
        return _left(job_id)
    image = review_sheet.row(job, image_id)
    if image is None:
        raise Http404
    if request.method != "POST":
        template = "_row.html" if "show" in request.GET else "_edit.html"
        return TemplateResponse(
            request, f"{HERE}/{template}", {"job": job, "row": image, "can_act": True}
        )
    return _edit(request, job, image)


def _edit(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> HttpResponse:
    text = request.POST.get("text", "")
    before = review_sheet.shown(job)
    try:
        drafts.edit_row(job.pk, image.pk, text)
    except (drafts.DraftRefused, ModelNotAvailable) as refused:
        image.prompt_text = clean(text)
        return TemplateResponse(
            request,
            f"{HERE}/_edit.html",
            {"job": job, "row": image, "error": str(refused), "can_act": True},
        )
    return _changed(request, job, _differing(job, before) | {image.pk})


@require_POST
def generate(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Start.

    Pressed twice, or when the sheet has changed elsewhere since, nothing more is bought.
    """
    job = _job(job_id)
    if not permissions.can_spend(request.user, job):
        raise PermissionDenied
    try:
        lifecycle.generate(job.pk, by=request.user, seen_revision=_revision(request))
    except lifecycle.SheetChanged as error:
        messages.warning(request, error.message)
    except lifecycle.CannotStart as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(admin_url("bulk_admin_bulkgenerationjob_change", job.pk))


@require_POST
def discard(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    job = _draft(request, job_id)
    if job is None:
        return _left(job_id)
    drafts.discard(job.pk, by=request.user)
    messages.success(request, f"The draft {job.name} was discarded. Nothing was bought.")
    address = admin_url("bulk_admin_bulkgenerationjob_changelist")
    return (
        HttpResponseClientRedirect(address) if is_htmx(request) else HttpResponseRedirect(address)
    )


@require_safe
def back_to_form(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    return HttpResponseRedirect(f"{admin_url('bulk_admin_bulkgenerationjob_add')}?draft={job_id}")


# --- what the views share ----------------------------------------------------------------------


def _job(job_id: uuid.UUID) -> BulkGenerationJob:
    job = review_sheet.job(job_id)
    if job is None:
        raise Http404
    return job


def _draft(request: HttpRequest, job_id: uuid.UUID) -> BulkGenerationJob | None:
    """The draft, for those who may change it; None when it has left the sheet."""
    job = _job(job_id)
    if not permissions.can_act(request.user, job):
        raise PermissionDenied
    return job if job.status == JobStatus.DRAFT else None


def _left(job_id: uuid.UUID) -> HttpResponse:
    """Generate was pressed elsewhere: the job has a page now."""
    return HttpResponseClientRedirect(admin_url("bulk_admin_bulkgenerationjob_change", job_id))


def _differing(job: BulkGenerationJob, before: dict[int, Any]) -> set[int]:
    return {pk for pk, held in review_sheet.shown(job).items() if held != before.get(pk)}


def _revision(request: HttpRequest) -> int:
    """The draft's revision that the pressed button was made for; one that no draft has when the
    form does not say it.
    """
    revision = whole(request.POST.get("revision", ""))
    return -1 if revision is None else revision


def _sheet(request: HttpRequest, job: BulkGenerationJob) -> dict[str, Any]:
    rows = review_sheet.rows(job)
    included = [image for image in rows if image.included]
    model = review_sheet.priced_model(job)
    bill = (
        bill_of(job, included, model, timezone.now().date(), request.user.pk)
        if model
        else Bill(warnings=["Its model is no longer in the catalogue."])
    )
    twins = [
        image for image in included if any(flag["code"] == "duplicate" for flag in image.flags)
    ]
    return {
        "job": job,
        "rows": rows,
        "bill": bill,
        "counts": {
            "all": len(rows),
            "flagged": sum(bool(image.flags) for image in rows),
            "off": len(rows) - len(included),
            "on": len(included),
        },
        "twins": len(twins),
        "fixes": _fixes(rows),
        "can_act": permissions.can_act(request.user, job),
        "can_spend": permissions.can_spend(request.user, job),
    }


def _fixes(rows: list[GeneratedImage]) -> list[dict[str, Any]]:
    """What one press corrects in several rows at once."""
    counts = Counter(flag["code"] for image in rows for flag in image.flags if flag.get("fix"))
    return [
        {"code": mark.code, "label": mark.button_of_all, "count": counts[mark.code]}
        for mark in MARKS
        if counts[mark.code] > 1
    ]


def _changed(request: HttpRequest, job: BulkGenerationJob, ids: set[int]) -> HttpResponse:
    """Only the rows that changed travel, with the bill and the counts."""
    # Read again, and before its rows: the button's revision must never be newer than what the bill
    # was made from.
    context = _sheet(request, _job(job.pk))
    context["rows"] = [image for image in context["rows"] if image.pk in ids]
    return TemplateResponse(request, f"{HERE}/_changed.html", {**context, "oob": True})
