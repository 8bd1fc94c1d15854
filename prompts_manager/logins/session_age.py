"""A session ends a day after the last thing that its person did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse

WRITTEN_EVERY = dt.timedelta(minutes=15)
# What an open page requests on its own, whether or not its person is there.
BACKGROUND = {
    "bulk_admin_bulkgenerationjob_status",
    "bulk_admin_generatedimage_file",
    "prompts_prompt_picture",
}


def on_login(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """Receiver of user_logged_in."""
    prolong(request.session)


def prolong(session: SessionBase) -> None:
    """Let it end a day from now; any other change of the session leaves that end as it is."""
    session.set_expiry(dt.timedelta(seconds=settings.SESSION_COOKIE_AGE))


class SessionAgeMiddleware:
    """Prolongs the session of a person who does something; writes that once in 15 minutes at most.

    Stands behind the session's own middleware, which refuses a session that has ended. A page that
    never looked at the session is none of its business: public pages stay cacheable.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if (
            request.session.accessed
            and not _is_background(request)
            and request.user.is_authenticated
            and _is_due(request.session)
        ):
            prolong(request.session)
        return response


def _is_background(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.url_name in BACKGROUND


def _is_due(session: SessionBase) -> bool:
    # A session of before this rule has no end of its own, and says its full age.
    written = settings.SESSION_COOKIE_AGE - session.get_expiry_age()
    return "_session_expiry" not in session or written >= WRITTEN_EVERY.total_seconds()
