"""Categories, and the one style note."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from prompts.models import Category, StyleNote


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter when it runs
    list_display = ["name", "slug", "page_count"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        categories: QuerySet[Category] = (
            super().get_queryset(request).annotate(pages=Count("prompts"))
        )
        return categories

    @admin.display(description="pages", ordering="pages")
    def page_count(self, category: Any) -> int:
        return int(category.pages)


@admin.register(StyleNote)
class StyleNoteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter when it runs
    """One row: the list leads straight to it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not StyleNote.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: StyleNote | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        note = StyleNote.objects.first()
        if note is not None and self.has_view_or_change_permission(request, note):
            return redirect("admin:prompts_stylenote_change", note.pk)
        if note is None and self.has_add_permission(request):
            return redirect("admin:prompts_stylenote_add")
        return super().changelist_view(request, extra_context)
