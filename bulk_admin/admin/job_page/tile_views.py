"""The buttons of one tile, and the pictures' files."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_safe

from bulk_admin import serving
from bulk_admin.admin import permissions
from bulk_admin.codes import Code
from bulk_admin.models import BulkGenerationJob, GeneratedImage
from bulk_admin.numbers import whole
from bulk_admin.selectors import tiles
from bulk_admin.services.jobs import downloads, pictures
from bulk_admin.services.jobs.pictures import Decided
from bulk_admin.services.storage.outbox import in_outbox
from bulk_admin.storages import StorageUnavailable

from .tiles import Prices
from .views import HERE, answer, job_or_404


class Said(NamedTuple):
    """What a button did; ``ordered`` is a picture that may be taken back while it waits."""

    text: str
    level: str = "success"
    ordered: int | None = None


STALE = Said("Already done: nothing more was bought.", "warning")
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


# --- buttons --------------------------------------------------------------------------------------


def _number(request: HttpRequest, name: str) -> int:
    """An attempt or a variant that the button answers.

    Without one it answers nothing that exists.
    """
    number = whole(request.POST.get(name, ""))
    return -1 if number is None else number


def _reroll(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    seen = _number(request, "seen_variant")
    new = pictures.reroll(job.pk, image.pk, seen_variant=seen, by=request.user)
    return _queued(job, new) if new else STALE


def _queued(job: BulkGenerationJob, new: GeneratedImage) -> Said:
    price = Prices(job).text([new])
    text = f"One more picture of prompt {new.position} is queued{price and f', {price}'}."
    return Said(text, ordered=new.pk)


def _take_back(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    if pictures.take_back(job.pk, image.pk, by=request.user):
        return Said("Taken back: it was not bought.")
    return Said("It was sent already, and is kept.", "warning")


def _edit(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    seen, text = _number(request, "seen_variant"), request.POST.get("prompt", "")
    try:
        new = pictures.reroll(job.pk, image.pk, seen_variant=seen, prompt=text, by=request.user)
    except pictures.PromptRefused as refused:
        return Said(f"{refused} Nothing was bought.", "error")
    return _queued(job, new) if new else STALE


def _retry(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    if image.attempt != _number(request, "seen_attempt"):
        return STALE
    again = pictures.retry_failed(job.pk, [image.pk], by=request.user)
    return Said("Queued again.") if again else STALE


def _buy_again(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    seen = _number(request, "seen_attempt")
    done = pictures.buy_again(job.pk, image.pk, seen_attempt=seen, by=request.user)
    return {
        Decided.ADOPTED: Said("The picture had arrived after all: nothing was bought."),
        Decided.QUEUED: Said("Bought again: both calls are booked."),
    }.get(done, STALE)


def _accept_as_lost(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    seen = _number(request, "seen_attempt")
    done = pictures.accept_as_lost(job.pk, image.pk, seen_attempt=seen, by=request.user)
    return {
        Decided.ADOPTED: Said("The picture had arrived after all."),
        Decided.LOST: Said("Marked as lost."),
    }.get(done, Said("Already settled.", "warning"))


def _allow_host(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    host = downloads.allow_host(job.pk, image.pk, by=request.user)
    return Said(f"Downloads from {host} are allowed now.") if host else STALE


def _download_again(request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage) -> Said:
    seen = _number(request, "seen_attempt")
    try:
        done = downloads.download_again(job.pk, image.pk, seen_attempt=seen, by=request.user)
    except downloads.DownloadFailed as failed:
        return Said(f"{failed} Nothing was bought.", "error")
    return Said("Downloaded: nothing was bought.") if done is Decided.ADOPTED else STALE


Run = Callable[[HttpRequest, BulkGenerationJob, GeneratedImage], Said]
ACTIONS: dict[str, tuple[Callable[[permissions.Person, BulkGenerationJob], bool], Run]] = {
    "reroll": (permissions.can_spend, _reroll),
    "edit": (permissions.can_spend, _edit),
    "take_back": (permissions.can_act, _take_back),
    "retry": (permissions.can_spend, _retry),
    "buy_again": (permissions.can_spend, _buy_again),
    "accept_as_lost": (permissions.can_act, _accept_as_lost),
    "allow_host": (permissions.can_manage_account, _allow_host),
    "download_again": (permissions.can_manage_account, _download_again),
}


@require_http_methods(["GET", "HEAD", "POST"])
def image_act(request: HttpRequest, job_id: uuid.UUID, image_id: int, action: str) -> HttpResponse:
    """A tile's button, by POST; GET is for the form of "edit" only."""
    job = job_or_404(request, job_id)
    if action not in ACTIONS:
        raise Http404
    allowed, run = ACTIONS[action]
    if not allowed(request.user, job):
        raise PermissionDenied
    image = tiles.one_tile(job, image_id)
    if image is None:
        raise Http404
    if request.method != "POST":
        return _edit_form(request, job, image, action)
    try:
        said = run(request, job, image)
    except StorageUnavailable as error:  # it was to say whether the picture has come after all
        said = Said(f"Nothing was done: the storage did not answer. {error}", "error")
    return answer(request, job.pk, said.text, level=said.level, ordered=said.ordered)


def _edit_form(
    request: HttpRequest, job: BulkGenerationJob, image: GeneratedImage, action: str
) -> HttpResponse:
    if action != "edit":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    newest = tiles.newest_variants(job, [image.position])[image.position]
    context = {"job": job, "image": image, "newest": newest, "price": Prices(job).text([image])}
    return TemplateResponse(request, f"{HERE}/_edit.html", context)


# --- files ----------------------------------------------------------------------------------------


@require_safe
def file(request: HttpRequest, image_id: int, kind: str) -> HttpResponseBase:
    """The original, a thumbnail or a download: from local files, by a short-lived link, or from the
    outbox.
    """
    if not permissions.can_view(request.user):
        raise PermissionDenied
    image = tiles.image_file(image_id)
    if image is None or kind not in ("original", "300", "600", "download"):
        raise Http404
    thumbs = {"300": image.thumb_300, "600": image.thumb_600}
    key = thumbs.get(kind) or image.picture_key
    # In the place of a thumbnail that is not made yet comes the original, for now.
    is_final = request.GET.get("v") == image.picture_version and thumbs.get(kind) != ""
    name = _download_name(image) if kind == "download" or not _is_picture(image) else ""
    waiting = in_outbox(key)
    if waiting is not None:
        file = BytesIO(bytes(waiting.content))
        return serving.send(file, _type_of(image, key), name, is_final=is_final)
    return serving.private_file(key, _type_of(image, key), name, is_final=is_final)


def _is_picture(image: GeneratedImage) -> bool:
    return image.content_type in EXTENSIONS and image.error_code != Code.UNDECODABLE


def _type_of(image: GeneratedImage, key: str) -> str:
    if key != image.picture_key:
        return "image/webp"
    return image.content_type if _is_picture(image) else "application/octet-stream"


def _download_name(image: GeneratedImage) -> str:
    extension = EXTENSIONS.get(image.content_type, "bin") if _is_picture(image) else "bin"
    return f"{image.job_id}-{image.position}-{image.variant}.{extension}"
