"""Pictures: the list over all jobs. They change only through actions, each under its job's lock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html

from bulk_admin.models import GeneratedImage, ImageStatus, PageStatus
from bulk_admin.money import usd
from bulk_admin.progress import Pill
from bulk_admin.selectors import image_list, job_page
from bulk_admin.sound_lists import SoundChangeList

from . import permissions
from .bulk_actions import images
from .bulk_actions.kit import ASK_OR_RUN, Frame
from .bulk_actions.trash import TrashFilter, TrashMixin
from .filters import ErrorFilter, ImagePageFilter, KeptFilter
from .job_page import urls
from .job_page.views import job_or_404
from .options import NOTHING, ModelAdmin

TONES = {
    ImageStatus.DRAFT: "off",
    ImageStatus.QUEUED: "off",
    ImageStatus.GENERATING: "run",
    ImageStatus.COMPLETED: "ok",
    ImageStatus.FAILED: "bad",
    ImageStatus.UNKNOWN: "unk",
    ImageStatus.CANCELLED: "off",
}
LONGEST = 160


class PictureList(SoundChangeList):
    """Its rows know what the site says of their pages."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = image_list.with_pages(self.result_list)


@admin.register(GeneratedImage)
class GeneratedImageAdmin(TrashMixin, ModelAdmin[GeneratedImage]):
    list_display = ("thumbnail", "prompt", "state", "kept", "of_job", "booked", "page")
    list_display_links = None
    list_filter = (
        "status",
        KeptFilter,
        ImagePageFilter,
        "job__provider",
        "job__model_name",
        "job__quality",
        ("job__created_by", admin.RelatedOnlyFieldListFilter),
        "job__created",
        ErrorFilter,
        TrashFilter,
    )
    list_select_related = ("job",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("prompt_text", "job__name")
    search_help_text = "Words of a prompt, or the name of a job"
    ordering = ("-job__created", "position", "variant")
    bulk_actions = images.ALL
    rows_are_cards = True
    fields = readonly_fields = (
        "thumbnail",
        "prompt_text",
        "revised_prompt",
        "state",
        "kept",
        "of_job",
        "position",
        "variant",
        "booked",
        "page",
        "width",
        "height",
        "bytes",
        "content_type",
        "sha256",
        "error_code",
        "error_message",
        "page_error",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return permissions.can_view(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        dropped = path(
            "dropped/<uuid:job_id>/delete/",
            self.admin_site.admin_view(ASK_OR_RUN(self.delete_dropped)),
            name="bulk_admin_generatedimage_delete_dropped",
        )
        return [
            dropped,
            *self.bulk_urls(),
            *urls.image_urls(self),
            *super().get_urls(),
        ]  # admin ends in a catch-all

    def delete_dropped(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The dropped pictures of one job: GET asks, POST moves them to the trash."""
        job = job_or_404(request, job_id)
        frame = Frame(request.path, job.get_absolute_url(), "Back to the job")
        if request.method == "POST":
            return self.run(request, images.TRASH, frame)
        ids = [str(image_id) for image_id in job_page.dropped(job)]
        return self.ask(request, images.TRASH, ids, frame)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GeneratedImage]:
        unread = ("content", "moderation", "flags", "job__source_text")
        return super().get_queryset(request).select_related("job").defer(*unread)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PictureList

    def bulk_queryset(self, ids: Sequence[str]) -> QuerySet[GeneratedImage]:
        return image_list.for_bulk_actions(ids)

    def trash_queryset(self, ids: Sequence[str]) -> QuerySet[GeneratedImage]:
        return image_list.in_trash(ids)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.ask(request, images.TRASH, [object_id])

    @admin.display(description="picture")
    def thumbnail(self, image: GeneratedImage) -> str:
        if not image.thumb_300:
            return format_html(
                '<span class="no-thumb" title="{}"></span>', image.get_status_display()
            )
        return format_html(
            '<img class="thumb" src="{}" alt="" width="72" height="72" loading="lazy">',
            image.file_url("300"),
        )

    @admin.display(description="prompt", ordering="prompt_text")
    def prompt(self, image: GeneratedImage) -> str:
        text = (
            image.prompt_text
            if len(image.prompt_text) <= LONGEST
            else f"{image.prompt_text[:LONGEST]}…"
        )
        place = "row" if image.status == ImageStatus.DRAFT else "tile"  # a draft has a sheet
        address = f"{image.job.get_absolute_url()}#{place}-{image.pk}"
        return format_html('<a href="{}">{}</a>', address, text)

    @admin.display(description="status", ordering="status")
    def state(self, image: GeneratedImage) -> str:
        message = (
            image.error_message if image.status in (ImageStatus.FAILED, ImageStatus.UNKNOWN) else ""
        )
        tone = TONES[ImageStatus(image.status)]
        return str(Pill(tone, image.get_status_display(), message))

    @admin.display(description="kept", ordering="selected")
    def kept(self, image: GeneratedImage) -> str:
        if image.status != ImageStatus.COMPLETED:
            return NOTHING
        return "kept" if image.selected else "dropped"

    @admin.display(description="job", ordering="job__name")
    def of_job(self, image: GeneratedImage) -> str:
        return format_html('<a href="{}">{}</a>', image.job.get_absolute_url(), image.job.name)

    @admin.display(description="cost", ordering="cost")
    def booked(self, image: GeneratedImage) -> str:
        return usd(image.cost) if image.cost else NOTHING

    @admin.display(description="page")
    def page(self, image: GeneratedImage) -> str:
        if image.page_id:
            page = image_list.page_of(image)
            return (
                format_html('<a href="{}">{}</a>', page.url, page.title) if page.url else page.title
            )
        if image.page_status == PageStatus.NONE:
            return NOTHING
        return format_html(
            '<span title="{}">{}</span>', image.page_error, image.get_page_status_display()
        )
