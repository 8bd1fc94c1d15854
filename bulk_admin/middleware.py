"""What the admin needs around its requests: no NUL in an address, a login redirect that htmx
follows, a form too large to read.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

MAX_BODY = 15 * 1024 * 1024  # bytes of a request, files included
ADDRESSES = ("/bulk_admin/bulkgenerationjob/add/", "/bulk_admin/bulkgenerationjob/price/")
TOO_LARGE = (
    "This form is larger than the server takes. Put the prompts into a file of at most 2 MB, or"
    " split them."
)


class NoNulMiddleware:
    """No address of the admin holds a NUL: PostgreSQL refuses one in a text, and Django's own
    filters hand it on as it came.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_nul = "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
        if has_nul and request.path_info.startswith(reverse("admin:index")):
            raise Http404
        return self.get_response(request)


class LoginRedirectMiddleware:
    """An expired session leads an HTMX request to the login page, never the login page into a
    tile.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        login = reverse("admin:login")
        if (
            getattr(request, "htmx", False)
            and response.status_code == 302
            and response["Location"].startswith(login)
        ):
            # HtmxMiddleware sets it
            back = request.htmx.current_url_abs_path or reverse("admin:index")  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(f"{login}?{urlencode({'next': back})}")
        return response


class FormTooLargeMiddleware:
    """A request that is too large is refused by its Content-Length, before any of it is read; of a
    body without one, Django reads nothing.

    Job forms are answered where they were sent from, so that nobody's text is lost. Stands before
    the CSRF check, which is the first to read a form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_job_form = request.method == "POST" and request.path.endswith(ADDRESSES)
        if _content_length(request) > MAX_BODY:
            return self._say(request, TOO_LARGE) if is_job_form else _refused()
        if is_job_form:
            try:
                request.POST  # noqa: B018  # reading it is what may fail
            except RequestDataTooBig:
                return self._say(request, TOO_LARGE)
            except (TooManyFieldsSent, TooManyFilesSent):
                return self._say(
                    request,
                    "This form has more fields than the server takes. Reload the page and try"
                    " again.",
                )
        return self.get_response(request)

    def _say(self, request: HttpRequest, message: str) -> HttpResponse:
        htmx = request.headers.get("HX-Request") == "true"
        # htmx shows only answers that say 200; its form stands as it was, with the message above
        # it.
        response = render(
            request,
            "admin/bulk_admin/new_job/too_large.html",
            {"message": message, "htmx": htmx},
            status=200 if htmx else 413,
        )
        if htmx:
            response["HX-Retarget"], response["HX-Reswap"], response["HX-Reselect"] = (
                "#form-errors",
                "innerHTML",
                ".errornote",
            )
        return response


def _content_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:  # Django reads nothing of such a body
        return 0


def _refused() -> HttpResponse:
    limit = MAX_BODY // (1024 * 1024)
    return HttpResponse(
        f"This request is larger than the {limit} MB that the server takes.\n",
        status=413,
        content_type="text/plain",
    )
