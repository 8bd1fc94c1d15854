"""The admin site.

It stands outside the admin package, whose modules register on it when they are imported.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from bulk_admin.numbers import whole
from bulk_admin.sound_lists import SoundLists
from prompts_manager import navigation


class PromptFinderAdminSite(AdminSite):
    site_header = "PromptFinder administration"
    site_title = "PromptFinder"
    index_title = "Today"
    index_template = "admin/today/page.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """With sound lists for third parties' models too."""
        base = admin_class or ModelAdmin
        if not issubclass(base, SoundLists):
            attributes = {"__module__": base.__module__, "__doc__": base.__doc__}
            base = type(base.__name__, (SoundLists, base), attributes)
        super().register(model_or_iterable, base, **options)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        links = navigation.main_links(request) if self.has_permission(request) else []
        ours = {"main_links": links, "front_page": self.index_title}
        return {**super().each_context(request), **ours}

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        from prompts_manager import today  # the site is made before the apps' models are loaded

        return super().index(request, {**(extra_context or {}), "today": today.read(request)})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """In groups, except on an app's own page."""
        apps: list[Any] = super().get_app_list(request, app_label)
        return apps if app_label else navigation.grouped(apps)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        view_on_site = path(
            "r/<path:content_type_id>/<path:object_id>/",
            self.admin_view(require_safe(self.view_on_site)),
            name="view_on_site",
        )
        # Where Health was, and monitors still ask for it.
        to_health = RedirectView.as_view(pattern_name="admin:bulk_admin_bulkgenerationjob_health")
        health = path("health/", self.admin_view(require_safe(to_health)), name="health")
        name = view_on_site.name
        others = [each for each in super().get_urls() if getattr(each, "name", "") != name]
        return [health, view_on_site, *others]

    def view_on_site(
        self, request: HttpRequest, content_type_id: str, object_id: str
    ) -> HttpResponse:
        """Django's own tells every member of staff the address of every row, drafts' too."""
        from django.contrib.contenttypes.models import ContentType
        from django.contrib.contenttypes.views import shortcut

        number = whole(content_type_id) or 0
        kind = ContentType.objects.filter(pk=number).first()
        model = kind.model_class() if kind else None
        if model is None or not self.is_registered(model):
            raise Http404
        if not self.get_model_admin(model).has_view_permission(request):
            raise PermissionDenied
        answer: HttpResponse = shortcut(request, content_type_id, object_id)
        return answer
