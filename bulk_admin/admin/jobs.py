"""Jobs: the list, and what New job and ``/change/`` show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from bulk_admin.addresses import admin_url
from bulk_admin.formats import times
from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.money import usd_total
from bulk_admin.progress import pill, progress_context
from bulk_admin.selectors import job_list

from . import permissions
from .bulk_actions import jobs as job_actions
from .bulk_actions.trash import TrashFilter, TrashMixin, shows_trash
from .filters import JobPagesFilter, JobStatusFilter
from .health import health_page
from .job_page import urls
from .job_page.exports import MOST_JOBS
from .new_job import views as new_job
from .options import NOTHING, ModelAdmin, route
from .review_sheet import views as review_sheet

SHORT_NOTE = 100  # characters of it in the list


@admin.register(BulkGenerationJob)
class BulkGenerationJobAdmin(TrashMixin, ModelAdmin[BulkGenerationJob]):
    list_display = ("job", "state", "pages", "money", "made")
    list_display_links = None
    list_filter = (
        JobStatusFilter,
        "provider",
        "model_name",
        "quality",
        ("created_by", admin.RelatedOnlyFieldListFilter),
        "created",
        JobPagesFilter,
        TrashFilter,
    )
    list_select_related = ("created_by",)
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-created",)
    search_fields = ("name",)  # the box is shown for it; get_search_results looks into prompts too
    search_help_text = "Name of a job, or words of a prompt"
    bulk_actions = job_actions.ALL
    rows_are_cards = True
    exclude = ("page_options",)  # New job writes them, with the page adapter's own form

    # --- permissions ---------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("bulk_admin.generate"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return permissions.can_view(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Jobs change only through their own pages: each of them checks permissions.
        return (
            permissions.can_act_on_some(request.user)
            if obj is None
            else permissions.can_act(request.user, obj)
        )

    # --- addresses -------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        ours = [
            *new_job.urls(self),
            *review_sheet.urls(self),
            *self.bulk_urls(),
            *urls.job_urls(self),
            route(self, "health/", health_page, "health"),
        ]
        return [*ours, *super().get_urls()]  # admin ends in a catch-all

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return new_job.add(request, self)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        if job is None:
            return self._not_there(request, object_id)
        if job.status == JobStatus.DRAFT:
            return review_sheet.page(request, self, job)
        return urls.job_page(request, self, job)

    def _not_there(self, request: HttpRequest, object_id: str) -> HttpResponse:
        jobs = admin_url("bulk_admin_bulkgenerationjob_changelist")
        if self._is_id(object_id) and job_list.in_trash([object_id]).exists():
            messages.warning(request, "This job is in the trash. Restore it from here.")
            return HttpResponseRedirect(f"{jobs}?trash=in")
        messages.warning(request, "This job does not exist. Perhaps it was deleted.")
        return HttpResponseRedirect(jobs)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.ask(request, job_actions.TRASH, [object_id])

    # --- the list --------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkGenerationJob]:
        return super().get_queryset(request).defer(*job_list.UNREAD)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return job_list.with_words(queryset, search_term), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        found = getattr(response, "context_data", None) or {}
        if "cl" in found:
            found["cl"].result_list = job_list.with_thumbs(found["cl"].result_list)
        return response

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        if permissions.can_view(request.user) and not shows_trash(request):
            found["export"] = (self._export, "export", "Export pictures and rows")
        return found

    def _export(
        self, model_admin: Any, request: HttpRequest, queryset: QuerySet[BulkGenerationJob]
    ) -> HttpResponse:
        ids = list(queryset.values_list("pk", flat=True)[: MOST_JOBS + 1])
        if len(ids) > MOST_JOBS:
            messages.error(request, f"Select at most {MOST_JOBS} jobs to export.")
            return HttpResponseRedirect(request.get_full_path())
        address = admin_url("bulk_admin_bulkgenerationjob_export_many")
        return HttpResponseRedirect(f"{address}?ids={','.join(map(str, ids))}")

    def bulk_queryset(self, ids: Sequence[str]) -> QuerySet[BulkGenerationJob]:
        return job_list.for_bulk_actions(ids)

    def trash_queryset(self, ids: Sequence[str]) -> QuerySet[BulkGenerationJob]:
        return job_list.in_trash(ids)

    @admin.display(description="job", ordering="name")
    def job(self, job: BulkGenerationJob) -> str:
        pictures = format_html_join(
            "",
            '<img src="{}" alt="" width="40" height="40" loading="lazy">',
            ((image.file_url("300"),) for image in getattr(job, "thumbs", [])),
        )
        link = (
            '<a class="job-name" href="{}"><span'
            ' class="strip">{}</span><span><bdi>{}</bdi><small>{}</small>{}</span></a>'
        )
        return format_html(
            link,
            job.get_absolute_url(),
            pictures,
            job.name,
            " · ".join(
                part for part in (job.model_name, job.quality.capitalize(), times(job.size)) if part
            ),
            format_html('<small dir="auto">{}</small>', Truncator(job.note).chars(SHORT_NOTE))
            if job.note
            else "",
        )

    @admin.display(description="status", ordering="status")
    def state(self, job: BulkGenerationJob) -> str:
        if job.status == JobStatus.DRAFT:
            prompts = f"{job.total_prompts} prompts"
            return format_html('{} <span class="quiet">{}</span>', pill(job), prompts)
        bar = render_to_string("admin/bulk_admin/shared/_progress.html", progress_context(job))
        return format_html("{}{}", pill(job), bar)

    @admin.display(description="pages", ordering="pages_created")
    def pages(self, job: BulkGenerationJob) -> str:
        return str(job.pages_created) if job.pages_created else NOTHING

    @admin.display(description="spent / estimate", ordering="spent")
    def money(self, job: BulkGenerationJob) -> str:
        if job.status == JobStatus.DRAFT:
            return NOTHING
        return f"{usd_total(job.spent + job.text_spent)} / {usd_total(job.estimate)}"

    @admin.display(description="made", ordering="created")
    def made(self, job: BulkGenerationJob) -> str:
        return format_html(
            "{}<br><small>{}</small>",
            date_format(timezone.localtime(job.created), "j M Y, H:i"),
            job.created_by or "nobody",
        )
