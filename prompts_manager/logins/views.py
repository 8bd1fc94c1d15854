"""The page for somebody who is locked out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


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
