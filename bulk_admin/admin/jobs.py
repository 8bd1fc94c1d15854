"""Jobs: the list, and what New job and ``/change/`` show."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from bulk_admin.models import BulkGenerationJob, JobStatus
from .options import ModelAdmin


@admin.register(BulkGenerationJob)
class BulkGenerationJobAdmin(ModelAdmin[BulkGenerationJob]):
    def get_urls(self) -> list[URLPattern]:
        if not find_spec("bulk_admin.admin.views"):
            return super().get_urls()
        from .views import job_urls

        return [*job_urls(self), *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from .views import job_page

        job = self.get_object(request, object_id)
        if job is None or job.status == JobStatus.DRAFT:
            return super().change_view(request, object_id, form_url, extra_context)
        return job_page(request, self, job)
