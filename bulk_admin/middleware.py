"""An expired session leads an HTMX request to the login page, never the login page into a tile."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect


class LoginRedirectMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        login = reverse("admin:login")
        if getattr(request, "htmx", False) and response.status_code == 302 and response["Location"].startswith(login):
            back = request.htmx.current_url_abs_path or reverse("admin:index")  # type: ignore[attr-defined]  # HtmxMiddleware sets it
            return HttpResponseClientRedirect(f"{login}?{urlencode({'next': back})}")
        return response
