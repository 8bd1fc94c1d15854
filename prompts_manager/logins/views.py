"""The pages beside the login page: locked out, the code, setting up the second factor.

The last two see the person of half a login, whom every other view does not.
"""

from __future__ import annotations

from typing import Any

import django_otp
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME, get_user, logout
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django_otp.util import random_hex

from . import two_factor
from .forms import CodeForm

REFUSED = (
    "That code was not accepted. Each code works once; after wrong ones, wait a few seconds before"
    " the next."
)
KEY_SALT, KEY_AGE = "two-factor-key", 3600  # seconds


def locked_out(request: HttpRequest, response: HttpResponse, credentials: Any) -> HttpResponse:
    """django-axes answers with this in place of the login form."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    context = admin.site.each_context(request) | {
        "title": "Too many failed attempts",
        "tries": settings.AXES_FAILURE_LIMIT,
        "minutes": seconds // 60,
    }
    answer = render(request, "admin/logins/locked_out.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


@never_cache
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code that follows the password."""
    person = get_user(request)
    if not person.is_authenticated:
        return redirect("admin:login")
    if "leave" in request.POST:
        logout(request)
        return redirect("admin:login")
    if not two_factor.is_enrolled(person):
        return redirect(f"{reverse('logins:enrol')}?{request.META.get('QUERY_STRING', '')}")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = two_factor.accept(person, form.cleaned_data["code"])
        if device:
            _verified(request, person, device)
            return HttpResponseRedirect(_next(request))  # redirect() may take it for a view's name
        form.add_error("code", REFUSED)
    return _page(request, "code", title="Two-factor login", form=form, next=_next(request))


@never_cache
@sensitive_post_parameters("code", "key")
def enrol(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app; whoever has one must have given its code first.

    The key is on the page alone, signed for this person, until its first code proves that the app
    has it: to open the page changes nothing.
    """
    person = get_user(request)
    if not person.is_authenticated:
        return redirect("admin:login")
    has_given_code = getattr(request.user, "otp_device", None) is not None
    if two_factor.is_enrolled(person) and not has_given_code:
        return redirect("logins:code")
    key = _signed_key(request, person) or random_hex(20)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = two_factor.enrol(person, key, form.cleaned_data["code"])
        if codes:
            _verified(request, person, two_factor.device_of(person))
            return _page(
                request, "recovery", title="Recovery codes", codes=codes, next=_next(request)
            )
        form.add_error("code", REFUSED)
    address = two_factor.app_address(person, key)
    return _page(
        request,
        "enrol",
        title="Set up two-factor login",
        form=form,
        next=_next(request),
        is_demanded=settings.STAFF_TWO_FACTOR,
        qr_code=two_factor.qr_code(address),
        secret=two_factor.readable(key),
        key=signing.dumps([person.pk, key], salt=KEY_SALT),
    )


def _signed_key(request: HttpRequest, person: Any) -> str | None:
    try:
        owner, key = signing.loads(request.POST.get("key", ""), salt=KEY_SALT, max_age=KEY_AGE)
    except signing.BadSignature:
        return None
    return str(key) if owner == person.pk else None


def _verified(request: HttpRequest, person: Any, device: Any) -> None:
    request.user = person
    request.session.cycle_key()
    django_otp.login(request, device)


def _next(request: HttpRequest) -> str:
    address = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(
        address, {request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else reverse("admin:index")


def _page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    return render(request, f"admin/logins/{name}.html", admin.site.each_context(request) | context)
