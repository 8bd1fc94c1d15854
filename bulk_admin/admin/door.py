"""The door of our pages: what is looked at before a view, and after it, on any site and without a
middleware of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from bulk_admin.uploads import bound

REFUSALS = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
JOB_FORMS = ("bulkgenerationjob_add", "bulkgenerationjob_price")
TOO_LARGE = (
    "This form is larger than the server takes. Put the prompts into a file of at most 2 MB, or"
    " split them."
)
TOO_MANY = "This form has more fields than the server takes. Reload the page and try again."
View = Callable[..., HttpResponseBase]


def is_htmx(request: HttpRequest) -> bool:
    return bool(HtmxDetails(request))


def through_the_door(pattern: URLPattern) -> URLPattern:
    """The same address, whose view is one of ``admin_view``, with all that the door sees to."""
    is_job_form = bool(pattern.name and pattern.name.endswith(JOB_FORMS))
    view = _door(pattern.callback, is_job_form=is_job_form)
    return URLPattern(pattern.pattern, view, pattern.default_args, pattern.name)


def has_nul(request: HttpRequest) -> bool:
    """PostgreSQL refuses a NUL in a text, and Django's own filters hand it on as it came."""
    return "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")


def refused(error: Exception) -> HttpResponse:
    return HttpResponse(f"{error}\n", status=413, content_type="text/plain")


def _door(view: View, *, is_job_form: bool) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if has_nul(request):
            raise Http404
        try:
            bound(request)
            if is_job_form and not hasattr(view, "upload_limit"):
                request.POST  # noqa: B018  # reading it is what may fail
            return _to_the_login(request, view(request, *args, **kwargs))
        except REFUSALS as error:
            # Job forms are answered where they were sent from, so that nobody's text is lost.
            in_place = is_job_form and request.method == "POST"
            return _say(request, error) if in_place else refused(error)

    # The CSRF middleware would read the body first. admin_view checks the token, inside.
    guarded.csrf_exempt = True  # type: ignore[attr-defined]  # a mark on a function
    guarded.stands_at_the_door = True  # type: ignore[attr-defined]  # a mark on a function
    # A site's ATOMIC_REQUESTS would hold its locks while a provider or the storage is asked.
    return transaction.non_atomic_requests(guarded)


def _say(request: HttpRequest, error: Exception) -> HttpResponse:
    message = TOO_LARGE if isinstance(error, RequestDataTooBig) else TOO_MANY
    htmx = is_htmx(request)
    # htmx shows only answers that say 200; its form stands as it was, with the message above it.
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


def _to_the_login(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """An expired session leads an HTMX request to the login page, never the login page into a
    tile.
    """
    if not (is_htmx(request) and response.status_code == 302):
        return response
    site = request.resolver_match.namespace if request.resolver_match else None
    login = reverse("admin:login", current_app=site)
    if not response.headers["Location"].startswith(login):
        return response
    back = HtmxDetails(request).current_url_abs_path or reverse("admin:index", current_app=site)
    return HttpResponseClientRedirect(f"{login}?{urlencode({'next': back})}")
