"""Whoever must give a second factor is nobody until they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from . import two_factor

ASKED = "two_factor_asked"


def on_login(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Receiver of user_logged_in: who has set up a second factor is asked for it."""
    request.session[ASKED] = two_factor.is_enrolled(user)


class SecondStepMiddleware:
    """Hides a person from every view between the password and the code.

    Not only from admin: a draft's page and any address to come see nobody. Stands behind
    OTPMiddleware; the person's session is looked at only where a view looks at ``request.user``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        request.user = SimpleLazyObject(  # type: ignore[assignment]  # it stands for a person
            lambda: AnonymousUser() if is_half_way(request, person) else person
        )
        is_login_page = request.method == "GET" and request.path == reverse("admin:login")
        if is_login_page and is_half_way(request, person):
            return redirect(_second_page(request))
        return self.get_response(request)


def is_half_way(request: HttpRequest, person: Any) -> bool:
    """Whether this person gave their password and still owes the code."""
    if not person.is_authenticated or person.is_verified():
        return False
    is_demanded = settings.STAFF_TWO_FACTOR and person.is_staff
    return bool(is_demanded or request.session.get(ASKED))


def _second_page(request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    return reverse("logins:code") + (f"?{query}" if query else "")
