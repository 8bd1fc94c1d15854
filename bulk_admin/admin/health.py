"""The health page of staff: what works, what does not, and what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bulk_admin.addresses import admin_site
from bulk_admin.progress import Pill
from bulk_admin.services import facts
from bulk_admin.services.monitoring import health

PILLS = {
    facts.State.OK: Pill("ok", "OK"),
    facts.State.NOTE: Pill("unk", "Note"),
    facts.State.BAD: Pill("bad", "Needs attention"),
}
NOTHING = Pill("ok", "Nothing needs attention")
SOMETHING = Pill("bad", "Something needs attention")


@never_cache
@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """503 when something needs attention; JSON for whoever asks for it."""
    if not request.user.has_perm("bulk_admin.view_bulkgenerationjob"):
        raise PermissionDenied
    parts = health.report()
    is_bad = any(part.state == facts.State.BAD for part in parts)
    status = 503 if is_bad else 200
    response: HttpResponse
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        found = [
            {"part": part.name, "state": part.state, "facts": [asdict(fact) for fact in part.facts]}
            for part in parts
        ]
        response = JsonResponse(
            {"status": "bad" if is_bad else "ok", "parts": found}, status=status
        )
    else:
        response = TemplateResponse(
            request,
            "admin/bulk_admin/health/page.html",
            _context(request, parts, is_bad),
            status=status,
        )
    patch_vary_headers(response, ["Accept"])
    return response


def _context(request: HttpRequest, parts: list[facts.Part], is_bad: bool) -> dict[str, Any]:
    rows = [(part, [(fact, PILLS[fact.state]) for fact in part.facts]) for part in parts]
    may_check = request.user.has_perm("bulk_admin.manage_accounts")
    return {
        **admin_site().each_context(request),
        "title": "Health",
        "parts": rows,
        "whole": SOMETHING if is_bad else NOTHING,
        "may_check": may_check,
    }
