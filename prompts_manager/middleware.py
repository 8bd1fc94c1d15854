"""What holds for the whole site around its requests: no NUL in an address of the admin, and no body
that is too large. The generator's own pages see to both themselves.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse

from bulk_admin.admin.door import has_nul, refused
from bulk_admin.uploads import BodyTooLarge, bound, is_in_question

GetResponse = Callable[[HttpRequest], HttpResponse]


class NoNulMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if has_nul(request) and request.path_info.startswith(reverse("admin:index")):
            raise Http404
        return self.get_response(request)


class BodyLimitMiddleware:
    """Stands before the CSRF check, which is the first to read a form."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_in_question(request) and not _answers_itself(request):
            try:
                bound(request)
            except BodyTooLarge as error:
                return refused(error)
        return self.get_response(request)


def _answers_itself(request: HttpRequest) -> bool:
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return getattr(view, "stands_at_the_door", False)
