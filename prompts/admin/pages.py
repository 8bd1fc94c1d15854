"""The pages in admin: read, correct, publish.

They are made by the generator, so none is added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_safe

from bulk_admin import serving
from bulk_admin.adapter import job_of
from bulk_admin.admin.bulk_actions.kit import BulkActionsMixin
from bulk_admin.admin.bulk_actions.trash import TrashFilter
from prompts.models import Prompt
from prompts.page_form import PromptForm
from prompts.services import b2_upload, page_files, publish_queue, publishing
from prompts.services.desk import editing
from prompts.services.desk.batch import MOST_NAMED, Batch

from . import publishing_actions
from .desk.urls import desk_urls
from .filters import PictureFilter, PublishingFilter

THUMBNAIL_SIDE = 48
SOURCES = {
    Prompt.ContentSource.AI: "model",
    Prompt.ContentSource.RULE: "rule",
    Prompt.ContentSource.STAFF: "staff",
}


DOUBTFUL = (Prompt.Moderation.NOT_CHECKED, Prompt.Moderation.FLAGGED)


def to_the_desk(
    model_admin: Any, request: HttpRequest, queryset: QuerySet[Prompt]
) -> HttpResponseRedirect:
    """The selected pages, as far as an address can name them."""
    ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_NAMED + 1])
    if len(ids) > MOST_NAMED:
        messages.warning(request, f"The desk has the first {MOST_NAMED} of the selected pages.")
    return HttpResponseRedirect(
        f"{reverse('admin:prompts_desk')}?{Batch(ids=tuple(ids[:MOST_NAMED])).query()}"
    )


@admin.register(Prompt)
class PromptAdmin(BulkActionsMixin, admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter when it runs
    form = PromptForm
    list_display = ["named", "state", "checked", "texts_by", "category", "made", "on_site"]
    list_filter = [
        "status",
        PublishingFilter,
        "moderation",
        PictureFilter,
        "content_source",
        "visibility",
        "category",
        "created",
        TrashFilter,
    ]
    list_select_related = ["category"]
    list_per_page = 50
    search_fields = ["title", "slug", "prompt_text", "tags__name"]
    search_help_text = "Title, prompt or tag"
    rows_are_cards = True
    bulk_actions = (
        publishing_actions.PUBLISH,
        publishing_actions.UNPUBLISH,
        publishing_actions.TRASH,
        publishing_actions.RESTORE,
        publishing_actions.DELETE,
    )
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "title",
                    "slug",
                    "prompt_text",
                    "description",
                    "alt_text",
                    "tags",
                    ("category", "visibility", "ai_generator"),
                ]
            },
        ),
        ("Picture", {"classes": ["aside", "picture"], "fields": ["shown"]}),
        (
            "Publishing",
            {
                "classes": ["aside", "facts"],
                "fields": ["state", "doubts", "published", "moderation", "findings", "made_by"],
                "description": (
                    "Readers see a page that is published and public. Its status changes with the"
                    " button at the top, which shows any warnings first."
                ),
            },
        ),
        (
            "Where it came from",
            {
                "classes": ["aside", "facts"],
                "fields": [
                    "content_source",
                    "ai_model",
                    "made_in",
                    "picture_size",
                    "public_files",
                    "created_by",
                    "created",
                    "updated",
                ],
            },
        ),
    ]
    FACTS: ClassVar[list[str]] = [
        str(name)
        for _, options in fieldsets
        for name in options["fields"]
        if isinstance(name, str) and name not in PromptForm.Meta.fields
    ]

    class Media:
        css = {"all": ["prompts/admin.css"]}

    def get_urls(self) -> list[URLPattern]:
        picture = self.admin_site.admin_view(require_safe(self.picture_view), cacheable=True)
        return [
            *desk_urls(self.admin_site),
            *self.bulk_urls(),
            path("<int:page_id>/picture/<str:name>", picture, name="prompts_prompt_picture"),
            *super().get_urls(),
        ]

    def picture_view(self, request: HttpRequest, page_id: int, name: str) -> HttpResponseBase:
        """A page's file, also while it is private: the only way to those of a draft."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = Prompt.everything.filter(pk=page_id).first()
        files = page_files.named(page) if page else {}
        if page is None or name not in files:
            raise Http404
        key = files[name]
        if page.draft_folder and key in page_files.keys_of(page):
            return serving.private_file(page.draft_folder + name, page_files.content_type_of(name))
        return HttpResponseRedirect(b2_upload.public_url(key))

    def save_model(self, request: HttpRequest, obj: Prompt, form: Any, change: bool) -> None:
        """Only what was edited: the worker may be publishing the page at this moment."""
        edited = [name for name in form.changed_data if name not in ("tags", "visibility")]
        by_person = editing.by_person(obj, request.user) if form.changed_data else ["updated"]
        obj.save(update_fields=[*edited, *by_person])
        if "visibility" in form.changed_data:
            publish_queue.set_visibility(obj, obj.visibility, request.user.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        """With the trash, which the list's own filter hides."""
        return Prompt.everything.order_by(*self.get_ordering(request) or ["-created"])

    def has_change_permission(self, request: HttpRequest, obj: Prompt | None = None) -> bool:
        in_trash = obj is not None and obj.deleted_at is not None
        return not in_trash and super().has_change_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        review = (to_the_desk, "to_the_desk", "Review on the publish desk")
        return {"to_the_desk": review, **super().get_actions(request)}

    def bulk_queryset(self, ids: Sequence[str]) -> QuerySet[Prompt]:
        return Prompt.everything.filter(pk__in=ids).order_by("-created")

    def get_readonly_fields(self, request: HttpRequest, obj: Prompt | None = None) -> list[str]:
        """Readers and search engines know a published page by its slug."""
        is_published = obj is not None and obj.status == Prompt.Status.PUBLISHED
        return [*self.FACTS, "slug"] if is_published else list(self.FACTS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def view_on_site(self, obj: Prompt) -> str:
        return obj.get_absolute_url()

    @admin.display(description="page", ordering="title")
    def named(self, page: Prompt) -> str:
        html = (
            '<img src="{0}" width="{1}" height="{1}" loading="lazy" alt="">'
            if (address := page_files.smallest_url(page))
            else '<span class="none"></span>'
        )
        picture = format_html(html, address, THUMBNAIL_SIDE)
        return format_html(
            '<span class="page-name">{}<span dir="auto">{}</span></span>', picture, page.title
        )

    @admin.display(description="status", ordering="status")
    def state(self, page: Prompt) -> str:
        """With "private", without which a published page would seem to be on the site; and with
        what became of Publish.
        """
        if page.deleted_at:
            return format_html('<span class="pill tone-off">{}</span>', "In the trash")
        is_private = page.visibility == Prompt.Visibility.PRIVATE
        return format_html(
            '<span class="pill tone-{}">{}</span>{}{}',
            "ok" if page.status == Prompt.Status.PUBLISHED else "off",
            page.get_status_display(),
            ", private" if is_private else "",
            self._publishing(page),
        )

    @staticmethod
    def _publishing(page: Prompt) -> str:
        if page.publish_at and page.publish_at > timezone.now():
            when = date_format(timezone.localtime(page.publish_at), "j M Y, H:i")
            return format_html('<span class="page-publishing">Will be published {}.</span>', when)
        if page.publish_at:
            later = f" {page.publish_error} It is tried again." if page.publish_error else ""
            return format_html(
                '<span class="page-publishing">{}{}</span>', publishing_actions.WAITS, later
            )
        if page.publish_error:
            return format_html(
                '<span class="page-publishing page-warned">Not published: {}</span>'
                ' <a href="{}?ids={}">Try again</a>',
                page.publish_error,
                reverse("admin:prompts_prompt_bulk", args=["publish"]),
                page.pk,
            )
        return ""

    @admin.display(description="texts by", ordering="content_source")
    def texts_by(self, page: Prompt) -> str:
        """With the first thing that a template left behind in them."""
        source = SOURCES[Prompt.ContentSource(page.content_source)]
        leftover = next(iter(publishing.leftovers_of(page).values()), "")
        html = '{} <span class="page-publishing page-warned">{}</span>'
        return format_html(html, source, leftover) if leftover else source

    @admin.display(description="warnings")
    def doubts(self, page: Prompt) -> str:
        """What Publish asks about."""
        return publishing.why_not_publish(page) or "none"

    @admin.display(description="created", ordering="created")
    def made(self, page: Prompt) -> str:
        return date_format(timezone.localtime(page.created), "j M Y")

    @admin.display(description="picture")
    def shown(self, page: Prompt) -> str:
        if not page.image:
            return "This page has no picture: it cannot be published."
        smaller: dict[str, Any] = (
            page.variants[1]
            if len(page.variants) > 1
            else {"key": page.image, "width": page.width, "height": page.height}
        )
        html = (
            '<a href="{}"><img class="page-picture" src="{}" width="{}" height="{}" alt="{}"></a>'
        )
        return format_html(
            html,
            page_files.url(page, page.image),
            page_files.url(page, smaller["key"]),
            smaller["width"],
            smaller["height"],
            page.alt_text,
        )

    @admin.display(description="moderation", ordering="moderation")
    def checked(self, page: Prompt) -> str:
        """In words: admin's tick would be green for a placeholder."""
        verdict = page.get_moderation_display().partition(":")[0]
        if page.is_placeholder:
            return format_html('{}; <span class="page-warned">a placeholder</span>', verdict)
        return (
            format_html('<span class="page-warned">{}</span>', verdict)
            if page.moderation in DOUBTFUL
            else verdict
        )

    @admin.display(description="picture is")
    def made_by(self, page: Prompt) -> str:
        """In words, for admin's tick would be green."""
        if page.is_placeholder:
            return format_html('<span class="page-warned">{}</span>', "a placeholder")
        return "made by a model"

    @admin.display(description="on site")
    def on_site(self, page: Prompt) -> str:
        return format_html(
            '<a href="{}">{}</a>',
            page.get_absolute_url(),
            "View" if page.status == Prompt.Status.PUBLISHED else "Preview",
        )

    @admin.display(description="moderation found")
    def findings(self, page: Prompt) -> str:
        return ", ".join(page.moderation_detail.get("categories", [])) or "nothing"

    @admin.display(description="picture size")
    def picture_size(self, page: Prompt) -> str:
        return f"{page.width} × {page.height}" if page.width else "unknown"

    @admin.display(description="public files")
    def public_files(self, page: Prompt) -> str:
        """Their addresses, for whoever purges them from a CDN."""
        keys = page_files.keys_of(page) if page.has_public_copy else []
        urls = ((b2_upload.public_url(key),) for key in keys)
        return format_html_join("", "<div>{}</div>", urls) or "none"

    @admin.display(description="made in")
    def made_in(self, page: Prompt) -> str:
        job = job_of(page.pk)
        return format_html('<a href="{}">{}</a>', job.url, job.name) if job else "no job"
