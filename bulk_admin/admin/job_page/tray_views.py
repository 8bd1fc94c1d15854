"""The failure tray, the table that rewords a group, and the presses on a whole group."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import reswap, retarget

from bulk_admin.admin import permissions
from bulk_admin.causes import Cause
from bulk_admin.formats import counted
from bulk_admin.models import BulkGenerationJob
from bulk_admin.numbers import whole
from bulk_admin.selectors import not_made
from bulk_admin.services.jobs import downloads, failures, lifecycle, pictures
from bulk_admin.services.jobs.pictures import Decided, Seen
from bulk_admin.storages import StorageUnavailable

from . import tray
from .tiles import Prices
from .views import HERE, answer, job_or_404

MOST_REWORDED = 200  # rows of one table: a form has at most 1,000 fields


@require_safe
def panel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The groups, fetched when the tray is opened and when they changed."""
    job = job_or_404(request, job_id)
    groups = tray.groups(request.user, job)
    context = {
        "job": job,
        "groups": groups,
        "waiting": sum(len(group.images) for group in groups),
        "made": job.completed_count + job.queued + job.generating,
    }
    return TemplateResponse(request, f"{HERE}/tray/_panel.html", context)


def seen_in(data: QueryDict) -> dict[int, int]:
    """The pictures of a press with their attempts: "12:1,13:2". What is no such pair is left
    out.
    """
    pairs = [part.partition(":") for part in data.get("group", "").split(",")]
    numbers = [(whole(image_id), whole(attempt)) for image_id, _, attempt in pairs]
    return {key: value for key, value in numbers if key is not None and value is not None}


# --- presses on a group ---------------------------------------------------------------------------


def _retry(job: BulkGenerationJob, seen: Seen, by: permissions.Person) -> str:
    again = failures.retry(job.pk, seen, by=by)
    return f"{counted(again, 'picture')} queued again." if again else ""


def _buy_again(job: BulkGenerationJob, seen: Seen, by: permissions.Person) -> str:
    done = Counter(pictures.buy_each_again(job.pk, seen, by=by).values())
    bought = f"{counted(done[Decided.QUEUED], 'picture')} bought again: both calls are booked."
    return _with_adopted(done, bought if done[Decided.QUEUED] else "")


def _accept_as_lost(job: BulkGenerationJob, seen: Seen, by: permissions.Person) -> str:
    done = Counter(pictures.accept_each_as_lost(job.pk, seen, by=by).values())
    lost = f"{counted(done[Decided.LOST], 'picture')} marked as lost."
    return _with_adopted(done, lost if done[Decided.LOST] else "")


def _with_adopted(done: Counter[Decided], said: str) -> str:
    adopted = done[Decided.ADOPTED]
    arrived = f"{counted(adopted, 'picture')} had arrived after all." if adopted else ""
    return " ".join(part for part in (said, arrived) if part)


def _download_again(job: BulkGenerationJob, seen: Seen, by: permissions.Person) -> str:
    done, why_not = downloads.download_each_again(job.pk, seen, by=by)
    fetched = f"{counted(done, 'picture')} downloaded: nothing was bought." if done else ""
    return " ".join(part for part in (fetched, why_not) if part)


def _dismiss(job: BulkGenerationJob, seen: Seen, by: permissions.Person) -> str:
    done = failures.dismiss(job.pk, seen, by=by)
    return f"{counted(done, 'picture')} dismissed." if done else ""


Run = Callable[[BulkGenerationJob, Seen, permissions.Person], str]
ACTIONS: dict[str, tuple[Callable[[permissions.Person, BulkGenerationJob], bool], Run]] = {
    "retry": (permissions.can_spend, _retry),
    "buy_again": (permissions.can_spend, _buy_again),
    "accept_as_lost": (permissions.can_act, _accept_as_lost),
    "download_again": (permissions.can_manage_account, _download_again),
    failures.DISMISS: (permissions.can_act, _dismiss),
}


@require_POST
def press(request: HttpRequest, job_id: uuid.UUID, action: str) -> HttpResponse:
    """``group``: the pictures that it was pressed on, with their attempts."""
    job = job_or_404(request, job_id)
    if action not in ACTIONS:
        raise Http404
    allowed, run = ACTIONS[action]
    if not allowed(request.user, job):
        raise PermissionDenied
    try:
        said = run(job, seen_in(request.POST), request.user)
    except lifecycle.CannotStart as refusal:
        return answer(request, job.pk, refusal.message, level="error")
    except StorageUnavailable as error:  # it was to say whether the pictures have come after all
        text = f"Nothing was done: the storage did not answer. {error}"
        return answer(request, job.pk, text, level="error")
    if not said:
        return answer(request, job.pk, "Already done: nothing changed.", level="warning")
    return answer(request, job.pk, said, can_undo=action == failures.DISMISS)


# --- rewording ------------------------------------------------------------------------------------


def reword(request: HttpRequest, job_id: uuid.UUID, cause: str) -> HttpResponse:
    """The table with a group's prompts; by POST, those that were changed are ordered."""
    job = job_or_404(request, job_id)
    if cause not in [*Cause]:
        raise Http404
    if not permissions.can_spend(request.user, job):
        raise PermissionDenied
    if request.method != "POST":
        return _table(request, job, Cause(cause))
    seen = seen_in(request.POST)
    prompts = {pk: request.POST[name] for pk in seen if (name := f"prompt-{pk}") in request.POST}
    try:
        ordered = failures.reword(job.pk, seen, prompts, by=request.user)
    except pictures.PromptRefused as refused:
        table = _table(request, job, Cause(cause), prompts, f"{refused} Nothing was bought.")
        return reswap(retarget(table, "#ask-body"), "innerHTML")
    if not ordered:
        return answer(request, job.pk, "No prompt was changed: nothing was bought.")
    return answer(request, job.pk, f"{counted(ordered, 'reworded prompt')} queued.")


def _table(
    request: HttpRequest,
    job: BulkGenerationJob,
    cause: Cause,
    typed: dict[int, str] | None = None,
    problem: str = "",
) -> HttpResponse:
    """``typed``: what stands in the fields already."""
    images = not_made.by_cause(job).get(cause, [])[:MOST_REWORDED]
    prices = Prices(job)
    texts = {image.pk: image.prompt_text for image in images} | (typed or {})
    context = {
        "job": job,
        "cause": cause,
        "rows": [(image, texts[image.pk], prices.text([image])) for image in images],
        "group": tray.written(images),
        "price": prices.text(images),
        "problem": problem,
    }
    return TemplateResponse(request, f"{HERE}/tray/_reword.html", context)
