"""The admin site.

It stands outside the admin package, whose modules register on it when they are imported.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path

# The daily work first, what only an operator needs last; apps and models that are not named stand
# in between.
FIRST = ("bulk_admin", "prompts")
LAST = ("auth", "django_q")
MODELS = (
    "BulkGenerationJob",
    "GeneratedImage",
    "Prompt",
    "ProviderAccount",
    "ImageModel",
    "ProviderCall",
    "Spend",
)


class PromptFinderAdminSite(AdminSite):
    site_header = "PromptFinder administration"
    site_title = "PromptFinder"
    index_title = "Administration"

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().index(request, {**(extra_context or {}), **_bulk_block(request)})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda model: _place(model["object_name"], MODELS))
        return sorted(
            apps,
            key=lambda app: (
                _place(app["app_label"], FIRST),
                app["app_label"] in LAST,
                _place(app["app_label"], LAST),
            ),
        )

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from bulk_admin.admin.health import health_page

        return [path("health/", self.admin_view(health_page), name="health"), *super().get_urls()]


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


def _bulk_block(request: HttpRequest) -> dict[str, Any]:
    # The site is made before the apps' models are loaded.
    from bulk_admin.models import JobStatus
    from bulk_admin.selectors import front_page

    if not (
        request.user.has_perm("bulk_admin.view_bulkgenerationjob")
        or request.user.has_perm("bulk_admin.change_bulkgenerationjob")
    ):
        return {}
    jobs = front_page.jobs_under_way()
    paused = sum(job.status == JobStatus.PAUSED for job in jobs)
    counts = {"bulk_under_way": len(jobs) - paused, "bulk_paused": paused}
    return {
        **counts,
        "bulk_jobs": jobs,
        "bulk_no_worker": front_page.no_worker(),
        "bulk_may_generate": request.user.has_perm("bulk_admin.generate"),
    }
