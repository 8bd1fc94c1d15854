"""Who comes in, and to which pages. Every view passes here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from prompts.services.desk.batch import Batch, batch_of

SEE, CHANGE, PUBLISH = "prompts.view_prompt", "prompts.change_prompt", "prompts.publish"
GET, POST = ("GET", "HEAD"), ("POST",)
View = Callable[..., HttpResponse]


def door(*permissions: str, methods: tuple[str, ...]) -> Callable[[View], View]:
    """A view of the desk's pages, ``view(request, batch, ...)``, for who has these permissions."""

    def let_in(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            may_see = request.user.has_perm(SEE) or request.user.has_perm(CHANGE)
            if not may_see or not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, batch_of(request.GET), *args, **kwargs)

        return require_http_methods(methods)(checked)

    return let_in


def numbers_in(text: str) -> list[int]:
    """The ids of "1,2,3"."""
    return list(batch_of({"ids": text}).ids)


def pages_in(batch: Batch, text: str) -> list[int]:
    """Of these ids, those that are on this desk."""
    there = {page.pk for page in batch.pages}
    return [page_id for page_id in numbers_in(text) if page_id in there]
