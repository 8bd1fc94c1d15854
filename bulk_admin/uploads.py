"""How much of a request's body is read, and who may send more of it.

An address whose view is marked with ``upload`` names its own limit, and learns who asks before a
byte of the body is read; every other one is held to MAX_BODY by ``bound``.
"""

from __future__ import annotations

import copy
import functools
import tempfile
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

MB = 1024 * 1024
MAX_BODY = 15 * MB  # bytes of a request, files included
PIECE = 64 * 1024
KEPT_IN_MEMORY = 512 * 1024  # of a body that has no length; the rest goes to a temporary file

View = Callable[..., HttpResponseBase]


class BodyTooLarge(RequestDataTooBig):
    """Says in its words how much the address takes."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"This request is larger than the {most_bytes // MB} MB taken here.")


def upload(*, may: Callable[[HttpRequest], bool], most_bytes: int = MAX_BODY) -> Callable[..., Any]:
    """Mark a view that takes files by POST, in a request of at most ``most_bytes``.

    Who asks (``may``) and the X-CSRFToken header, with all that Django checks beside it, come
    before the body is read: a form's own CSRF field would have to be read, and does not count. Then
    all of the body is read, in pieces; ``request.FILES`` holds files on disk, closed with the
    request. A view that leaves one for the worker puts it into private storage before it answers:
    the worker may be another machine.

    Stands inside ``admin_view``, which asks for a session first. Raises BodyTooLarge,
    PermissionDenied, BadRequest.
    """

    def decorate(view: View) -> View:
        @require_POST
        @functools.wraps(view)
        def checked_first(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refusal = _csrf_refusal(request, view)
            # Or Django's pages for 403, 404 and 500 would read the body in search of a token.
            request.csrf_processing_done = True  # type: ignore[attr-defined]  # Django's own
            if not may(request):
                raise PermissionDenied
            if refusal:
                return refusal
            _receive(request, most_bytes)
            request.upload_handlers = [TemporaryFileUploadHandler(request)]
            request.POST  # noqa: B018  # reads all of it, so that the view meets no broken body
            return view(request, *args, **kwargs)

        # admin_view and the middleware look for both.
        checked_first.csrf_exempt = True  # type: ignore[attr-defined]  # a mark on a function
        checked_first.upload_limit = most_bytes  # type: ignore[attr-defined]  # the same
        return checked_first

    return decorate


def is_in_question(request: HttpRequest) -> bool:
    """Whether its body may be more than MAX_BODY."""
    return _length(request) > MAX_BODY or _is_chunked(request)


def bound(request: HttpRequest) -> None:
    """Refuse what is too large for its address: by its Content-Length, before any of it is read,
    or while it is read where there is none. An upload's body is left to its view.

    Raises BodyTooLarge, BadRequest.
    """
    if not is_in_question(request):
        return
    own_limit = _own_limit(request)
    if own_limit is None:
        _receive(request, MAX_BODY)
    elif _length(request) > own_limit:
        raise BodyTooLarge(own_limit)


def _own_limit(request: HttpRequest) -> int | None:
    try:
        view = resolve(request.path_info, getattr(request, "urlconf", None)).func
    except Resolver404:
        return None
    return getattr(view, "upload_limit", None)


def _csrf_refusal(request: HttpRequest, view: View) -> HttpResponse | None:
    as_header_alone = copy.copy(request)
    as_header_alone.method = "PUT"  # of a POST, Django reads the body for the token
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    return check.process_view(as_header_alone, view, (), {})


def _receive(request: HttpRequest, most_bytes: int) -> None:
    """Hold the body to a limit. One without a length is read now; without that, Django would take
    it for empty.
    """
    if _length(request) > most_bytes:
        raise BodyTooLarge(most_bytes)
    if not _is_chunked(request):
        return  # the server hands on no more than the length that was given
    body = tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY)  # noqa: SIM115  # closed with the request
    source, size = request.META["wsgi.input"], 0
    while piece := _piece_of(source):
        size += len(piece)
        if size > most_bytes:
            raise BodyTooLarge(most_bytes)
        body.write(piece)
    body.seek(0)
    request.META["CONTENT_LENGTH"] = str(size)
    del request.META["HTTP_TRANSFER_ENCODING"]  # it is read once
    request._stream = body  # type: ignore[assignment]  # where Django's own reading begins


def _piece_of(source: Any) -> bytes:
    try:
        return bytes(source.read(PIECE))
    except Exception as error:  # each server has errors of its own for a body that breaks off
        raise BadRequest("The body of the request broke off.") from error


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:  # Django reads nothing of such a body
        return 0


def _is_chunked(request: HttpRequest) -> bool:
    """Whether the server unpacks a body without a length, and says where it ends. Of one that does
    not, Django reads nothing.
    """
    encoding = request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    return "chunked" in encoding and bool(request.META.get("wsgi.input_terminated"))
