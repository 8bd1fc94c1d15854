"""A private file as the answer to a browser; who may see it is the caller's to check."""

from __future__ import annotations

from typing import Any

from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)

from bulk_admin.services.storage import private
from bulk_admin.storages import StorageUnavailable

KEPT_BY_BROWSER = "private, max-age=31536000, immutable"
ASKED_AGAIN = "private, no-cache"
LINK_KEPT_BY_BROWSER = "private, max-age=600"  # shorter than the link lives


def private_file(
    key: str, content_type: str, download_name: str = "", *, is_final: bool = True
) -> HttpResponseBase:
    """By a short-lived link to the bucket, or from local files. Raises Http404.

    503 when the storage does not answer.
    """
    try:
        link = private.link(key, content_type=content_type, download_name=download_name)
        if link:
            return HttpResponseRedirect(link, headers={"Cache-Control": LINK_KEPT_BY_BROWSER})
        return send(private.open_file(key), content_type, download_name, is_final=is_final)
    except FileNotFoundError as error:
        raise Http404 from error
    except StorageUnavailable:
        return HttpResponse(
            "The picture storage does not answer. Try again in a moment.",
            status=503,
            content_type="text/plain",
            headers={"Cache-Control": ASKED_AGAIN},
        )


def send(
    content: Any, content_type: str, download_name: str = "", *, is_final: bool = True
) -> FileResponse:
    """An open file. ``is_final``: the address that was asked never gets other bytes."""
    response = FileResponse(
        content,
        as_attachment=bool(download_name),
        filename=download_name,
        content_type=content_type,
    )
    response["Cache-Control"] = KEPT_BY_BROWSER if is_final else ASKED_AGAIN
    response["X-Content-Type-Options"] = "nosniff"
    return response
