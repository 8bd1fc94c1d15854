"""The poll, and the buttons that act on a whole job."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HTMX_STOP_POLLING, trigger_client_event

from bulk_admin.admin import permissions
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob
from bulk_admin.numbers import ids_in
from bulk_admin.selectors import job_page, tiles
from bulk_admin.services.drafting import page_options
from bulk_admin.services.jobs import decisions, lifecycle, pictures
from bulk_admin.services.jobs.report import job_report
from bulk_admin.services.queue import page_queue

from .context import answer_context
from .job_view import digest

HERE = "admin/bulk_admin/job_page"


def job_or_404(request: HttpRequest, job_id: uuid.UUID) -> BulkGenerationJob:
    """Raises PermissionDenied without the view permission, whether the job exists or not."""
    if not permissions.can_view(request.user):
        raise PermissionDenied
    job = job_page.job_page(job_id)
    if job is None:
        raise Http404
    return job


@require_safe
def status(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """What changed since the page's cursor: 204 nothing, 200 a fragment, 286 the last one.

    JSON for scripts.
    """
    job = job_or_404(request, job_id)
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(job_report(job, url=request.build_absolute_uri(job.get_absolute_url())))
    seen = tiles.Cursor.parse(request.GET.get("seen", ""))
    conditions = job_page.conditions(job)
    nothing_new = seen == tiles.Cursor(job.revision, tiles.WHOLE) and request.GET.get(
        "digest"
    ) == digest(conditions)
    if nothing_new and not job_page.is_quiet(job):
        return HttpResponse(status=204)
    return _fragment(request, job, conditions, seen)


def answer(
    request: HttpRequest, job_id: uuid.UUID, said: str = "", *, level: str = "success"
) -> HttpResponse:
    """After a button: the same fragment as a poll's, and one sentence for the message bar."""
    job = job_or_404(request, job_id)
    seen = tiles.Cursor.parse(request.POST.get("seen", ""))
    response = _fragment(request, job, job_page.conditions(job), seen)
    response.status_code = 200
    return (
        trigger_client_event(response, "bulk:say", {"text": said, "level": level})
        if said
        else response
    )


def _fragment(
    request: HttpRequest,
    job: BulkGenerationJob,
    conditions: job_page.Conditions,
    seen: tiles.Cursor,
) -> HttpResponse:
    context = answer_context(request.user, job, conditions, tiles.changed_tiles(job, seen))
    return TemplateResponse(
        request,
        f"{HERE}/_answer.html",
        context,
        status=200 if context["view"].poll else HTMX_STOP_POLLING,
    )


def _ids(data: QueryDict) -> list[int]:
    """The one field that carries several ids."""
    return ids_in(data.get("ids", ""))


@require_POST
def select(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Keep or drop: the wanted state, for pictures of this job only."""
    job = job_or_404(request, job_id)
    if not permissions.can_act(request.user, job):
        raise PermissionDenied
    keep = request.POST.get("wanted") == "1"
    decisions.decide(job.pk, _ids(request.POST), keep=keep, by=request.user)
    return answer(request, job.pk)


# --- buttons of the whole job -------------------------------------------------------------------


def _kept(job: BulkGenerationJob) -> str:
    return " What is in flight is kept." if job.generating else ""


def _pause(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return f"Paused.{_kept(job)}" if lifecycle.pause(job.pk, by=by) else ""


def _resume(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return "Resumed." if lifecycle.resume(job.pk, by=by) else ""


def _cancel(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return f"The rest is cancelled.{_kept(job)}" if lifecycle.cancel(job.pk, by=by) else ""


def _retry_failed(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return f"{counted(pictures.retry_failed(job.pk, by=by), 'picture')} queued again."


def _create_pages(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    every_kept = data.get("every_kept") == "1"
    made = page_queue.create_pages(job.pk, _ids(data), every_kept=every_kept, by=by)
    same = (
        f" {counted(made.same_prompt, 'picture has', 'pictures have')} the same prompt as another"
        " one's page."
        if made.same_prompt
        else ""
    )
    return f"{counted(made.queued, 'page')} queued.{same}"


def _stop_pages(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return f"{counted(page_queue.stop_pages(job.pk, by=by), 'page')} taken from the queue."


def _retry_pages(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return f"{counted(page_queue.retry_pages(job.pk, by=by), 'page')} queued again."


@dataclass(frozen=True, slots=True)
class JobAction:
    allowed: Callable[[permissions.Person, BulkGenerationJob], bool]
    run: Callable[[BulkGenerationJob, QueryDict, permissions.Person], str]


ACTIONS = {
    "pause": JobAction(permissions.can_act, _pause),
    "resume": JobAction(permissions.can_spend, _resume),
    "cancel": JobAction(permissions.can_act, _cancel),
    "retry_failed": JobAction(permissions.can_spend, _retry_failed),
    "create_pages": JobAction(permissions.can_create_pages, _create_pages),
    "stop_pages": JobAction(permissions.can_create_pages, _stop_pages),
    "retry_pages": JobAction(permissions.can_create_pages, _retry_pages),
}
ASKED = ("cancel", "create_pages")


def _allowed(user: permissions.Person, job: BulkGenerationJob, name: str) -> JobAction:
    action = ACTIONS.get(name)
    if action is None:
        raise Http404
    if not action.allowed(user, job):
        raise PermissionDenied
    return action


@require_POST
def act(request: HttpRequest, job_id: uuid.UUID, action: str) -> HttpResponse:
    """One press; a second one finds the work done and changes nothing."""
    job = job_or_404(request, job_id)
    chosen = _allowed(request.user, job, action)
    try:
        said = chosen.run(job, request.POST, request.user)
    except lifecycle.CannotStart as refusal:
        return answer(request, job.pk, refusal.message, level="error")
    return answer(request, job.pk, said)


@require_safe
def ask(request: HttpRequest, job_id: uuid.UUID, action: str) -> HttpResponse:
    """The dialog before an action: what it will do, to how many."""
    job = job_or_404(request, job_id)
    if action not in ASKED:
        raise Http404
    _allowed(request.user, job, action)
    context: dict[str, Any] = {"job": job}
    if action == "create_pages":
        every_kept = (
            request.GET["every_kept"] == "1"
            if "every_kept" in request.GET
            else job.page_for_every_kept
        )
        context |= {
            "ids": ",".join(map(str, image_ids := job_page.kept_for_pages(job))),
            "kept": len(image_ids),
            "every_kept": every_kept,
            "preview": page_queue.preview(job.pk, image_ids, every_kept=every_kept),
            "is_placeholder": job_page.is_placeholder(job),
            "page_options": page_options.in_words(job.page_options),
        }
    return TemplateResponse(request, f"{HERE}/_confirm_{action}.html", context)
