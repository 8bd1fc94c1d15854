"""The job page, and the addresses that its parts answer at.

Plain functions: the ModelAdmin comes in for its site. Each one asks for permissions itself.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern

from bulk_admin.admin import permissions
from bulk_admin.admin.options import ModelAdmin, route
from bulk_admin.models import BulkGenerationJob
from bulk_admin.selectors.tiles import first_piece

from . import about, decision_views, exports, preferences, tile_views, tray_views, views
from .context import full_context
from .views import asked_for


def job_page(
    request: HttpRequest, model_admin: ModelAdmin[Any], job: BulkGenerationJob
) -> HttpResponse:
    """A job that is no longer a draft.

    Pictures, states and selection come from the database alone.
    """
    if not permissions.can_view(request.user):
        raise PermissionDenied
    show, text = asked_for(request)
    context = (
        model_admin.admin_site.each_context(request)
        | {"opts": model_admin.opts, "title": job.name, "show": show, "text": text}
        | full_context(request.user, job, first_piece(job, show, text))
    )
    return TemplateResponse(request, "admin/bulk_admin/job_page/page.html", context)


def job_urls(model_admin: ModelAdmin[Any]) -> list[URLPattern]:
    """Addresses of the job page's parts; to stand before the ModelAdmin's own, which end in a
    catch-all.
    """
    return [
        route(model_admin, "<uuid:job_id>/status/", views.status, "status"),
        route(model_admin, "<uuid:job_id>/tiles/", views.more_tiles, "tiles"),
        route(model_admin, "<uuid:job_id>/ask/<str:action>/", views.ask, "ask"),
        route(model_admin, "<uuid:job_id>/act/<str:action>/", views.act, "act"),
        route(model_admin, "<uuid:job_id>/export/<str:kind>/", exports.one_job, "export"),
        route(model_admin, "export/", exports.many_jobs, "export_many"),
        route(model_admin, "<uuid:job_id>/decide/", decision_views.decide, "decide"),
        route(model_admin, "<uuid:job_id>/tray/", tray_views.panel, "tray"),
        route(
            model_admin,
            "<uuid:job_id>/tray/reword/<str:cause>/",
            tray_views.reword,
            "tray_reword",
        ),
        route(model_admin, "<uuid:job_id>/tray/<str:action>/", tray_views.press, "tray_press"),
        route(model_admin, "remember/<str:name>/", preferences.remember, "remember"),
        # Before the buttons, whose addresses take any word.
        route(model_admin, "<uuid:job_id>/image/<int:image_id>/about/", about.about, "about"),
        route(
            model_admin,
            "<uuid:job_id>/image/<int:image_id>/<str:action>/",
            tile_views.image_act,
            "image_act",
        ),
    ]


def image_urls(model_admin: ModelAdmin[Any]) -> list[URLPattern]:
    address = "<int:image_id>/file/<str:kind>/"
    return [route(model_admin, address, tile_views.file, "file", cacheable=True)]
