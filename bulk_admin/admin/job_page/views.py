"""The poll, and the buttons that act on a whole job."""

from __future__ import annotations

import uuid
from collections import Counter
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
from bulk_admin.numbers import ids_in, whole
from bulk_admin.selectors import job_page, tiles
from bulk_admin.services import page_adapter
from bulk_admin.services.drafting import page_options
from bulk_admin.services.jobs import lifecycle, notes, pictures
from bulk_admin.services.jobs.report import job_report
from bulk_admin.services.queue import page_queue
from bulk_admin.text import clean_text

from . import preferences, sentences
from .context import answer_context, piece_context
from .job_view import digest, job_view
from .tiles import Prices

LONGEST_TEXT = 200
LARGEST_POSITION = 2**31 - 1  # what a database's positive number holds
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


def asked_for(request: HttpRequest) -> tuple[str, str]:
    """The filter in the page's address: which pictures, and a text in their prompts."""
    show, text = request.GET.get("show", ""), clean_text(request.GET.get("q", ""), LONGEST_TEXT)
    return (show if show in tiles.SHOW else tiles.ALL), text.strip()


@require_safe
def more_tiles(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The tiles behind the position ``after``, and how the rest follows."""
    job = job_or_404(request, job_id)
    piece = tiles.next_piece(job, whole(request.GET.get("after", ""), most=LARGEST_POSITION) or 0)
    return TemplateResponse(request, f"{HERE}/_piece.html", piece_context(request.user, job, piece))


def answer(
    request: HttpRequest,
    job_id: uuid.UUID,
    said: str = "",
    *,
    level: str = "success",
    ordered: int | None = None,
    can_undo: bool = False,
) -> HttpResponse:
    """After a button: the same fragment as a poll's, and one sentence of what it did.

    ``ordered``: a picture that may be taken back as long as it waits. ``can_undo``: it is this
    person's last step now.
    """
    job = job_or_404(request, job_id)
    seen = tiles.Cursor.parse(request.POST.get("seen", ""))
    response = _fragment(request, job, job_page.conditions(job), seen)
    response.status_code = 200
    return (
        trigger_client_event(
            response,
            "bulk:say",
            {"text": said, "level": level, "take_back": ordered, "undo": can_undo},
        )
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


def _unpublish(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    """The pages of pictures that were dropped, as far as the site lets ``by`` take them back."""
    answers = page_adapter.unpublish(job_page.published_pages(job, _ids(data)), by)
    reasons = Counter(reason for reason in answers.values() if reason)
    done = counted(len(answers) - reasons.total(), "page")
    return " ".join([f"{done} unpublished.", *(f"{n} not: {why}" for why, n in reasons.items())])


def _stop_pages(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return f"{counted(page_queue.stop_pages(job.pk, by=by), 'page')} taken from the queue."


def _note(job: BulkGenerationJob, data: QueryDict, by: permissions.Person) -> str:
    return "Note saved." if notes.write(job.pk, data.get("note", ""), by=by) else ""


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
    "unpublish": JobAction(permissions.can_act, _unpublish),
    "note": JobAction(permissions.can_act, _note),
    "stop_pages": JobAction(permissions.can_create_pages, _stop_pages),
    "retry_pages": JobAction(permissions.can_create_pages, _retry_pages),
}
# The dialogs before an action, and those that only tell: anyone who sees the job may open them.
ASKED, TOLD = ("cancel", "create_pages", "unpublish"), ("more", "result")


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


def _before_pages(data: QueryDict, job: BulkGenerationJob) -> dict[str, Any]:
    counts = job_page.tile_counts(job)
    every_kept = _switch(data, "every_kept", job.page_for_every_kept)
    undecided = _switch(data, "undecided", not counts.for_pages and not counts.siblings)
    image_ids = job_page.for_pages(job, undecided=undecided)
    return {
        "ids": ",".join(map(str, image_ids)),
        "chosen": len(image_ids),
        "counts": counts,
        "every_kept": every_kept,
        "undecided": undecided,
        "preview": page_queue.preview(job.pk, image_ids, every_kept=every_kept),
        "is_placeholder": job_page.is_placeholder(job),
        "page_options": page_options.in_words(job.page_options),
    }


def _switch(data: QueryDict, name: str, otherwise: bool) -> bool:
    return data[name] == "1" if name in data else otherwise


@require_safe
def ask(request: HttpRequest, job_id: uuid.UUID, action: str) -> HttpResponse:
    """The dialog before an action: what it will do, to how many."""
    job = job_or_404(request, job_id)
    if action not in (*ASKED, *TOLD):
        raise Http404
    if action in ASKED:
        _allowed(request.user, job, action)
    context: dict[str, Any] = {"job": job}
    if action == "create_pages":
        context |= _before_pages(request.GET, job)
    if action == "result":
        context |= {"outcome": sentences.outcome(job), "summary": job_page.job_summary(job)}
    if action == "more":
        context["view"] = job_view(request.user, job, job_page.conditions(job), Prices(job))
        context |= {"longest_note": notes.LONGEST, **preferences.notices(request.user)}
    if action == "unpublish":
        context["pages"] = job_page.published_pages(job, _ids(request.GET))
        context["ids"] = request.GET.get("ids", "")
    return TemplateResponse(request, f"{HERE}/_ask_{action}.html", context)
