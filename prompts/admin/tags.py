"""Tags: renamed, merged and deleted by who may change pages, for each of it changes pages.

In place of taggit's own page, whose merging asks for no permission.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from taggit.models import Tag

from bulk_admin.admin.bulk_actions.kit import (
    BulkAction,
    BulkActionsMixin,
    Confirmation,
    Line,
    Person,
)
from bulk_admin.wording import TAG_LIMIT, clean_tags
from prompts.services import tagging

Tags = Sequence[Tag]


class TagAction(BulkAction[Tag]):
    noun = "tag"
    permissions: tuple[str, ...]

    def may(self, person: Person, row: Tag) -> bool:
        return self.may_on_some(person)

    def may_on_some(self, person: Person) -> bool:
        return person.has_perms(self.permissions)


def _pages(tag: Any) -> str:
    return f"{tag.pages:,} {'page' if tag.pages == 1 else 'pages'}"


class Merge(TagAction):
    """Into the one that most pages have: the others go, and their pages have that one."""

    name, label, danger = "merge", "Merge into one", True
    permissions = ("prompts.change_prompt", "taggit.change_tag", "taggit.delete_tag")
    note = "All their pages get the tag that most of them have. The other tags are deleted."

    def preview(self, rows: Tags) -> list[Line]:
        if len(rows) < 2:
            return [
                Line(label=str(tag), text="Select at least two tags.", ok=False) for tag in rows
            ]
        kept = tagging.most_used(rows)
        return [
            Line(label=str(tag), text=f"Stays, now with {_pages(tag)}.")
            if tag == kept
            else Line(label=str(tag), text=f"Becomes “{kept}” on {_pages(tag)}.")
            for tag in rows
        ]

    @transaction.atomic
    def run(self, rows: Tags, confirmation: Confirmation) -> list[Line]:
        if len(rows) < 2:
            return self.preview(rows)
        kept = tagging.most_used(rows)
        others = [tag for tag in rows if tag != kept]
        names = ", ".join(tag.name for tag in others)
        _log(confirmation.person, [kept], CHANGE, f"Merged into it: {names}.")
        _log(confirmation.person, others, DELETION, f"Merged into “{kept}”.")
        lines = [
            Line(label=str(tag), text="Stays." if tag == kept else f"Now “{kept}”.") for tag in rows
        ]
        tagging.merge(others, into=kept)
        return lines


class Delete(TagAction):
    name, label, danger = "delete", "Delete", True
    permissions = ("prompts.change_prompt", "taggit.delete_tag")
    note = "The tags are taken off their pages, which stay as they are otherwise."

    def preview(self, rows: Tags) -> list[Line]:
        return [Line(label=str(tag), text=f"Taken off {_pages(tag)}.") for tag in rows]

    @transaction.atomic
    def run(self, rows: Tags, confirmation: Confirmation) -> list[Line]:
        _log(confirmation.person, list(rows), DELETION, "Deleted.")
        Tag.objects.filter(pk__in=[tag.pk for tag in rows]).delete()
        return [Line(label=str(tag), text="Deleted.") for tag in rows]


def _log(person: Person, tags: list[Tag], flag: int, message: str) -> None:
    if person.pk:
        LogEntry.objects.log_actions(person.pk, tags, flag, message)


class TagForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter when it runs
    """The address follows the name, as the generator makes it."""

    class Meta:
        model = Tag
        fields = ["name"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        cleaned = clean_tags([name])
        if not cleaned:
            raise forms.ValidationError(f"Use words of at most {TAG_LIMIT} characters.")
        slug = tagging.tag_slug(cleaned[0])
        if Tag.objects.filter(slug=slug).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is a tag with this address: merge the two.")
        self.instance.slug = slug
        return cleaned[0]


if admin.site.is_registered(Tag):
    admin.site.unregister(Tag)


@admin.register(Tag)
class TagAdmin(BulkActionsMixin, admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter when it runs
    form = TagForm
    fields = ["name", "slug"]
    readonly_fields = ["slug"]
    list_display = ["name", "slug", "page_count"]
    search_fields = ["name"]
    ordering = ["name"]
    bulk_actions = (Merge(), Delete())

    def get_urls(self) -> list[URLPattern]:
        return [*self.bulk_urls(), *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        return _may_change_pages(request) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        return _may_change_pages(request) and super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return _with_pages(super().get_queryset(request))

    def bulk_queryset(self, ids: Sequence[str]) -> QuerySet[Tag]:
        return _with_pages(Tag.objects.filter(pk__in=ids)).order_by("name")

    @admin.display(description="pages", ordering="pages")
    def page_count(self, tag: Any) -> int:
        return int(tag.pages)


def _may_change_pages(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("prompts.change_prompt"))


def _with_pages(tags: QuerySet[Tag]) -> QuerySet[Tag]:
    found: QuerySet[Tag] = tags.annotate(pages=Count("taggit_taggeditem_items"))
    return found
