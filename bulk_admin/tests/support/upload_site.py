"""The site with one more address, which takes 100 MB and keeps them: `ROOT_URLCONF` of a test."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from bulk_admin.admin.door import through_the_door
from bulk_admin.services.storage import private
from bulk_admin.uploads import MB, upload
from prompts_manager.urls import urlpatterns as site

KEY = "uploads/one"


def _may(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("bulk_admin.generate"))


@upload(may=_may, most_bytes=100 * MB)
def take(request: HttpRequest) -> HttpResponse:
    file = request.FILES["file"]
    private.put(KEY, file, "application/octet-stream")
    return HttpResponse(f"{file.size} {request.POST.get('note', '')}")


urlpatterns = [through_the_door(path("admin/take/", admin.site.admin_view(take))), *site]
