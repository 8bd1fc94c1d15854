"""What the list of pages is narrowed by."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from prompts.models import Prompt


class PictureFilter(admin.SimpleListFilter):
    title = "picture"
    parameter_name = "is_placeholder__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("0", "made by a model"), ("1", "a placeholder")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> QuerySet[Prompt]:
        return (
            queryset.filter(is_placeholder=self.value() == "1")
            if self.value() in ("0", "1")
            else queryset
        )


class PublishingFilter(admin.SimpleListFilter):
    title = "publishing"
    parameter_name = "publishing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "waits for the worker"), ("failed", "not published, with the reason")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Prompt]) -> QuerySet[Prompt]:
        if self.value() == "waiting":
            return queryset.filter(publish_at__isnull=False)
        if self.value() == "failed":
            return queryset.filter(publish_at=None).exclude(publish_error="")
        return queryset
