"""What a person chose for the job page, on every device and in every job."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.http import require_POST

from bulk_admin import mail
from bulk_admin.admin import permissions
from bulk_admin.services import person_settings
from bulk_admin.services.person_settings import Name

SIZES = (("s", "Small"), ("m", "Medium"), ("l", "Large"))
# The first one is what nobody has chosen yet.
CHOICES = {
    Name.TILE_SIZE: ("m", "s", "l"),
    Name.SINGLE_KEYS: ("on", "off"),
    Name.MAIL_NOTICES: ("on", "off"),
    Name.BROWSER_NOTICES: ("off", "on"),
}


def preference(person: permissions.Person, name: Name) -> str:
    chosen = person_settings.remembered(person, name)
    return chosen if chosen in CHOICES[name] else CHOICES[name][0]


def notices(person: permissions.Person) -> dict[str, Any]:
    """What this person wants to be told of, and whether the site sends mail at all."""
    return {
        "browser_notices": preference(person, Name.BROWSER_NOTICES),
        "mail_notices": preference(person, Name.MAIL_NOTICES),
        "mail_is_sent": mail.is_sent(),
    }


@require_POST
def remember(request: HttpRequest, name: str) -> HttpResponse:
    """Keep ``value`` as this person's choice."""
    if not permissions.can_view(request.user):
        raise PermissionDenied
    if name not in CHOICES:
        raise Http404
    chosen = request.POST.get("value", "")
    if chosen not in CHOICES[Name(name)]:
        return HttpResponseBadRequest(f"{name}: no such choice")
    person_settings.remember(request.user, Name(name), chosen)
    return HttpResponse(status=204)
