"""Filters of the lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest

from bulk_admin.models import GeneratedImage, ImageStatus, JobStatus, PageStatus
from bulk_admin.progress import PILLS
from bulk_admin.selectors import image_list, spending


class AccountLabelFilter(admin.SimpleListFilter):
    """By account, also where the account is gone and only its label is left."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(label, label) for label in spending.account_labels(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        label = self.value()
        return spending.with_label(queryset, label, request.user) if label else queryset


NOT_ALL_MADE = "not_all_made"


class JobStatusFilter(admin.SimpleListFilter):
    """By status, in the words of the list's pills."""

    title = "status"
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = [(status.value, pill.label) for status, pill in PILLS.items()]
        return [*found, (NOT_ALL_MADE, "Complete, some not made")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == NOT_ALL_MADE:
            return queryset.filter(status=JobStatus.COMPLETED, completed_count__lt=F("total"))
        return queryset.filter(status=self.value()) if self.value() else queryset


class JobPagesFilter(admin.SimpleListFilter):
    title = "pages"
    parameter_name = "pages"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("yes", "Has pages"),
            ("no", "No pages"),
            ("wait", "Kept pictures without a page"),
            ("failed", "Pages that failed"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        waiting = GeneratedImage.objects.filter(
            job=OuterRef("pk"),
            status=ImageStatus.COMPLETED,
            selected=True,
            page_status=PageStatus.NONE,
        )
        match self.value():
            case "yes":
                return queryset.filter(pages_created__gt=0)
            case "no":
                return queryset.filter(pages_created=0)
            case "wait":
                return queryset.filter(Exists(waiting))
            case "failed":
                return queryset.filter(pages_failed__gt=0)
        return queryset


class ImagePageFilter(admin.SimpleListFilter):
    title = "page"
    parameter_name = "page"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("yes", "Has a page"),
            ("no", "No page"),
            ("blocked", "Blocked by moderation"),
            ("failed", "Its page failed"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "yes":
                return queryset.filter(page_id__isnull=False)
            case "no":
                return queryset.filter(page_id__isnull=True)
            case "blocked" | "failed":
                return queryset.filter(page_status=self.value())
        return queryset


class KeptFilter(admin.SimpleListFilter):
    title = "kept"
    parameter_name = "kept"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Kept"), ("no", "Dropped")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(status=ImageStatus.COMPLETED, selected=self.value() == "yes")


class ErrorFilter(admin.SimpleListFilter):
    title = "what went wrong"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code.replace("_", " ")) for code in image_list.error_codes()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(error_code=self.value()) if self.value() else queryset
